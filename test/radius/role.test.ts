import { Registry } from 'prom-client';
import { OperatorError } from '../../core/errors';
import { SECOND } from '../../core/time';
import { BurstLog } from '../../radius/burst-log';
import type { Outcome } from '../../radius/handlers/handler';
import { RadiusMetrics } from '../../radius/metrics';
import { NasTable } from '../../radius/nas';
import { Responder } from '../../radius/responder';
import { RadiusRole } from '../../radius/role';
import { type Attribute, integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE } from '../../radius/wire/packet';
import { LiveValue } from '../../runtime/live';
import { silentLog } from '../../runtime/log';
import { until } from '../support/wait';
import { accountingRequest, BareGateway } from './client';
import { GATEWAYS, Town, townConfig } from './town';
import { withOperation } from './with-operation';

const SECRET = Buffer.from(GATEWAYS['gw-rathaus'].secret);

function start(sessionId: string, ...more: Attribute[]): Attribute[] {
  return [integerAttribute('Acct-Status-Type', 1), textAttribute('Acct-Session-Id', sessionId), ...more];
}

describe('the store and the answer', () => {
  test('accounting is answered only once the store has it; a repetition meanwhile gets nothing [RFC 2866 4.2]', async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const town = await Town.open((store) =>
      withOperation(store, 'applyAccounting', async (event) => {
        await gate;
        return store.applyAccounting(event);
      }),
    );
    const gateway = await BareGateway.open('127.0.0.1', SECRET);
    const port = town.role.accountingPort;
    const request = accountingRequest(1, start('slow'), SECRET);
    gateway.send(request, port);
    gateway.send(request, port);
    expect(await gateway.settle(port)).toEqual([]);
    expect(await town.metric('radius_dropped_total', { reason: 'duplicate-in-progress' })).toBe(1);
    expect(await town.store.getSession('gw-rathaus', 'slow')).toBeUndefined();

    // A stop finishes what is under way before it closes.
    const stopped = town.role.stop();
    open();
    await stopped;
    await until('the answer has come', () => gateway.replies.length > 0);
    expect(gateway.replies.map((reply) => reply[0])).toEqual([CODE.accountingResponse]);
    expect(await town.store.getSession('gw-rathaus', 'slow')).toBeDefined();
    gateway.close();
    await town.close();
  });

  test('a stop does not wait for ever for a store that hangs', async () => {
    const town = await Town.open((store) => withOperation(store, 'closeSessionsOf', () => new Promise(() => {})));
    const gateway = await BareGateway.open('127.0.0.1', SECRET);
    gateway.send(accountingRequest(1, [integerAttribute('Acct-Status-Type', 7)], SECRET), town.role.accountingPort);
    await gateway.settle(town.role.accountingPort);
    const stopped = town.role.stop();
    await town.clock.advance(2 * SECOND);
    await stopped;
    expect(town.role.notReady()).toBeDefined();
    gateway.close();
    await town.close();
  });

  test('when the store fails there is no answer, one log line, and the next try is a new one', async () => {
    let broken = true;
    const town = await Town.open((store) =>
      withOperation(store, 'applyAccounting', (event) =>
        broken ? Promise.reject(new Error('the disk is full')) : store.applyAccounting(event),
      ),
    );
    const gateway = await BareGateway.open('127.0.0.1', SECRET);
    const port = town.role.accountingPort;
    const requests = [1, 2, 3].map((id) => accountingRequest(id, start(`session ${id}`), SECRET));
    for (const request of requests) gateway.send(request, port);
    expect(await gateway.settle(port)).toEqual([]);
    expect(await town.metric('radius_dropped_total', { reason: 'store-failed' })).toBe(3);
    expect(town.log.split('the disk is full').length - 1).toBeLessThanOrEqual(2);
    expect(town.log.match(/radius-store-failed/g)).toHaveLength(1);
    broken = false;
    for (const request of requests) expect((await gateway.ask(request, port))[0]).toBe(CODE.accountingResponse);
    expect(await town.usage('rathaus')).toMatchObject({ sessions: 3 });
    gateway.close();
    await town.close();
  });

  test('1024 requests are with the store, 4096 wait behind them; then the oldest that waits is dropped and counted', async () => {
    const town = await Town.open();
    const registry = new Registry();
    const config = new LiveValue(townConfig('.'));
    const metrics = new RadiusMetrics(registry, config, town.store);
    const begun: (() => void)[] = [];
    const handle = () => new Promise<Outcome>((resolve) => begun.push(() => resolve({ dropped: 'incomplete' })));
    const service = {
      handlers: new Map([[CODE.accountingRequest, { kind: 'accounting', handle } as const]]),
      elsewhere: CODE.accessRequest,
    };
    const responder = new Responder(service, { metrics, log: new BurstLog(silentLog, town.clock), clock: town.clock });
    const nas = new NasTable(config.current).find('127.0.0.1');
    const dropped: string[] = [];
    const send = (i: number): void => {
      const request = accountingRequest(i % 256, start(String(i)), SECRET);
      const exchange = { send: () => {}, dropped: (reason: string) => dropped.push(`${i} ${reason}`) };
      responder.receive(request, nas, { address: '127.0.0.1', port: 1024 + (i >> 8) }, exchange);
    };
    for (let i = 0; i < 1024 + 4096; i++) send(i);
    expect([begun.length, dropped]).toEqual([1024, []]);
    for (let i = 5120; i < 5123; i++) send(i);
    expect(dropped).toEqual(['1024 overloaded', '1025 overloaded', '1026 overloaded']);
    expect(await registry.getSingleMetricAsString('stadtfunk_radius_dropped_total')).toMatch(/"overloaded"\} 3$/m);

    // A request that was dropped is no repetition when it comes again.
    send(1024);
    expect(dropped.at(-1)).toBe('1027 overloaded');

    // Once the store goes on, everything that waits gets its turn, in order.
    const idle = responder.idle();
    for (let done = 0; done < 1024 + 4096; done++) {
      begun[done]?.();
      if (done % 512 === 511) await new Promise((resolve) => setImmediate(resolve));
    }
    await idle;
    expect(dropped.slice(4, 1028).at(-1)).toBe('1023 incomplete');
    expect(dropped.at(-1)).toBe('1024 incomplete');
    await town.close();
  });
});

describe('starting', () => {
  test.each(['authenticationPort', 'accountingPort'] as const)(
    'an occupied radius.%s is one clear sentence, and nothing stays open',
    async (setting) => {
      const town = await Town.open();
      const config = new LiveValue(
        townConfig('.', {
          radius: { host: '127.0.0.1', authenticationPort: 0, accountingPort: 0, [setting]: town.role[setting] },
        }),
      );
      const { store, clock } = town;
      const second = new RadiusRole({ config, store, clock, log: silentLog, registry: new Registry() });
      const failed = await second.start().catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(OperatorError);
      expect(String(failed)).toBe(
        `Cannot open 127.0.0.1:${town.role[setting]} for RADIUS: another program uses it. ` +
          `Stop that program or choose another port in radius.${setting}. (LISTEN_FAILED)`,
      );
      expect(second.notReady()).toBeDefined();
      await second.stop();
      await town.close();
    },
  );

  test('a role that never started stops without harm', async () => {
    const config = new LiveValue(townConfig('.'));
    const { store, clock, close } = await Town.open().then((town) => ({
      store: town.store,
      clock: town.clock,
      close: () => town.close(),
    }));
    const role = new RadiusRole({ config, store, clock, log: silentLog, registry: new Registry() });
    expect(role.notReady()).toBeDefined();
    await role.stop();
    await close();
  });
});
