import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECOND } from '../../core/time';
import { integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { describeWith } from '../support/packages';
import { freeUdpPort } from '../support/ports';
import { type RunningProcess, startProgram } from '../support/process';
import { until } from '../support/wait';
import { accountingRequest, BareGateway } from './client';
import { Town } from './town';

const SECRET = 'only-for-these-vectors-4wP';

/** hostapd without a radio: its port for orders works all the same. */
describeWith('hostapd', "orders to Debian's hostapd, which demands that they are signed and dated", () => {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-hostapd-'));
  let hostapd: RunningProcess;
  let town: Town;
  let gateway: BareGateway;

  beforeAll(async () => {
    const port = await freeUdpPort();
    const settings = {
      interface: 'none0',
      driver: 'none',
      own_ip_addr: '127.0.0.1',
      radius_das_port: port,
      radius_das_client: `127.0.0.1 ${SECRET}`,
      radius_das_require_event_timestamp: 1,
      radius_das_require_message_authenticator: 1,
    };
    const file = join(folder, 'hostapd.conf');
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    hostapd = startProgram('hostapd', [file]);
    await until('hostapd runs', () => hostapd.output().includes('AP-ENABLED'));
    town = await Town.open();
    town.useGateways([
      {
        ...{ id: 'ap', kind: 'hostapd', site: 'rathaus' },
        radius: { clients: ['127.0.0.1'], secret: SECRET, dynamicAuthorization: { port } },
      },
    ]);
    gateway = await BareGateway.open('127.0.0.1', Buffer.from(SECRET));
  });

  afterAll(async () => {
    gateway.close();
    await town.close();
    await hostapd.end('SIGTERM');
    rmSync(folder, { recursive: true });
  });

  test('it believes the request and says that it does not know the session [RFC 5176 3.5, 503]', async () => {
    // hostapd believes no request that is more than five minutes off.
    town.clock.step(Date.now() - town.clock.now());
    const attributes = [integerAttribute('Acct-Status-Type', 1), textAttribute('Acct-Session-Id', '0A1B0A1B0A1B0A1B')];
    await gateway.ask(accountingRequest(1, attributes, Buffer.from(SECRET)), town.role.accountingPort);
    await town.store.orderEnd({ gateway: 'ap' }, town.clock.now());
    await town.clock.advance(SECOND);
    const result = await until('the order is settled', async () => {
      const order = await town.store.getEnd({ gateway: 'ap', sessionId: '0A1B0A1B0A1B0A1B' });
      return order?.settled?.result;
    });
    expect(result).toBe('session-unknown');
    expect(hostapd.output()).toContain('DAS: Session not found');
  });
});
