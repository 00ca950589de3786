import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import { MINUTE, SECOND } from '../../core/time';
import { sealGrant } from '../../portal/gateways/opennds/grant-seal';
import { packageRoot } from '../../runtime/package-root';
import { closeStores, FASKEY, NOW, testPortal, townConfig } from '../portal/support/town';
import { describeWith } from '../support/packages';
import { type RunningProcess, startIn } from '../support/process';
import { until } from '../support/wait';

/** The agent itself against the portal; with openNDS it is tested in test/e2e/opennds. */

const SCRIPT = join(packageRoot, 'deploy/openwrt/stadtfunk-agent');
/** With every sign that a shell could stumble over. */
const SECRET = `a'b"c$d\\e%f\`g;h~0123456789`;
const DEVICE = '02:00:5e:20:00:01';
const TOKEN = '1773fb1b';
const SESSION = createHmac('sha256', SECRET).update(TOKEN).digest('hex').slice(0, 32);

afterAll(closeStores);

function portal() {
  const agentSecret = JSON.stringify(SECRET);
  return testPortal(
    townConfig((yaml) => yaml.replace(`faskey: ${FASKEY} }`, `faskey: ${FASKEY}, agentSecret: ${agentSecret} }`)),
  );
}
type Portal = Awaited<ReturnType<typeof portal>>;

/** A report as the agent writes it. */
function report(
  lines: readonly string[],
  { at = NOW, secret = SECRET, gateway = 'library', nonce = 'nonce-01' } = {},
): string {
  const rest = [`stadtfunk-agent 1 ${gateway} ${at / SECOND} ${nonce.replace('-', '_')}`, ...lines, ''].join('\n');
  return `${createHmac('sha256', secret).update(rest).digest('hex')}\n${rest}`;
}

const send = ({ app }: Portal, text: string, gateway = 'library') =>
  request(app).post(`/agent/${gateway}`).set('Content-Type', 'application/x-www-form-urlencoded').send(text);

const session = ({ store }: Portal) => store.getSession('library', SESSION);

async function grant({ store }: Portal) {
  const device = DeviceAddress.parse(DEVICE);
  if (device === undefined) throw new Error('not a device address');
  const { grant } = await store.putGrant({
    ...{ site: 'shelter', gateway: 'library', device },
    ...{ termsVersion: '2026-11', language: 'de', now: NOW, expiresAt: NOW + 60 * MINUTE, withCredential: false },
  });
  return grant;
}

describe('reports of the agent', () => {
  test('become the same records as RADIUS accounting, and the grant is known by what openNDS carried', async () => {
    const town = await portal();
    const { id } = await grant(town);
    const custom = sealGrant(id, FASKEY).replaceAll('=', '%3d');
    await send(
      town,
      report([`start ${SESSION} ${custom} 60 0 0 0`, `interim ${SESSION} ${custom} 0 60 5000 300`]),
    ).expect(200);
    expect(await session(town)).toMatchObject({ grantId: id, site: 'shelter', lastSeenAt: NOW });
    expect(await town.store.getGrant(id, NOW)).toMatchObject({ usedOctets: 5300 });
    await send(town, report([`stop ${SESSION} ${custom} 0 60 6000 300`], { nonce: 'nonce-02' })).expect(200);
    expect((await session(town))?.segments).toMatchObject([{ seconds: 60, downloadOctets: 6000, stoppedAt: NOW }]);
    expect((await town.store.countSessions()).get('shelter')).toBeUndefined();
    const metrics = await town.registry.metrics();
    expect(metrics).toContain('stadtfunk_site_octets_total{site="shelter",direction="download"} 6000');
    expect(metrics).toContain('stadtfunk_site_sessions_total{site="shelter"} 1');
  });

  test('are one session, and its end is the end, also when one of them was long under way', async () => {
    const town = await portal();
    await send(town, report([`start ${SESSION} - 1 0 0 0`])).expect(200);
    town.clock.step(20 * SECOND);
    await send(town, report([`interim ${SESSION} - 0 7 5000 300`], { at: NOW + 6 * SECOND, nonce: 'nonce-02' }));
    const stop = [`stop ${SESSION} - 10 9 6000 300`];
    await send(town, report(stop, { at: NOW + 18 * SECOND, nonce: 'nonce-03' })).expect(200);
    expect((await session(town))?.segments).toMatchObject([
      { start: NOW - SECOND, stoppedAt: NOW + 8 * SECOND, seconds: 9, downloadOctets: 6000 },
    ]);
    expect((await town.store.countSessions()).get('shelter')).toBeUndefined();
  });

  test('a grant that a visitor wrote into the address is not believed', async () => {
    const town = await portal();
    const { id } = await grant(town);
    const forged = Buffer.from(`${id}.AAAAAAAAAAAAAAAA`).toString('base64');
    await send(town, report([`start ${SESSION} ${forged} 0 0 0 0`])).expect(200);
    expect((await session(town))?.grantId).toBeUndefined();
  });

  test('an order to end the session is in the answer until the agent has done it', async () => {
    const town = await portal();
    await send(town, report([`start ${SESSION} - 0 0 0 0`])).expect(200);
    await town.store.orderEnd({ gateway: 'library' }, NOW);
    const asked = report([], { nonce: 'nonce-02' });
    const { text } = await send(town, asked).expect(200);
    const [proof, ...rest] = text.split('\n');
    expect(rest).toEqual(['ok', `end ${SESSION}`, '']);
    expect(proof).toBe(
      createHmac('sha256', SECRET)
        .update(`${asked.slice(0, 64)}\n${rest.join('\n')}`)
        .digest('hex'),
    );
    // Being done; not said twice meanwhile.
    expect((await send(town, report([], { nonce: 'nonce-03' }))).text).not.toContain('end');
    await send(town, report([`ended ${SESSION}`], { nonce: 'nonce-04' })).expect(200);
    expect(await town.store.getEnd({ gateway: 'library', sessionId: SESSION })).toMatchObject({
      settled: { result: 'done' },
    });
  });

  test.each([
    ['with another secret', report([`start ${SESSION} - 0 0 0 0`], { secret: 'another-Secret-of-16+' })],
    ['with a changed line', report([`start ${SESSION} - 0 0 0 0`]).replace('start', 'stop')],
    ['of another gateway', report([`start ${SESSION} - 0 0 0 0`], { gateway: 'town-hall' })],
    ['without a signature', `start ${SESSION} - 0 0 0 0`],
    ['with nothing in it', ''],
  ])('%s: refused, and nothing is recorded', async (_, text) => {
    const town = await portal();
    const { status } = await send(town, text);
    expect([400, 403]).toContain(status);
    expect(await session(town)).toBeUndefined();
  });

  test('one that is sent again is refused', async () => {
    const town = await portal();
    const text = report([`start ${SESSION} - 0 0 0 0`]);
    await send(town, text).expect(200);
    await send(town, text).expect(403);
    expect(await town.registry.metrics()).toContain('{gateway="library",kind="agent",result="repeated"} 1');
  });

  test.each([-10, 10])(
    'one whose clock is %i minutes off is not taken; the answer says what time it is',
    async (minutes) => {
      const town = await portal();
      const { text } = await send(town, report([`start ${SESSION} - 0 0 0 0`], { at: NOW + minutes * MINUTE })).expect(
        200,
      );
      expect(text.split('\n')[1]).toBe(`time ${NOW / SECOND}`);
      expect(await session(town)).toBeUndefined();
    },
  );

  test('a line that is not understood does not spoil the others', async () => {
    const town = await portal();
    await send(town, report(['weather fine', `start ../../x - 0 0 0 0`, `start ${SESSION} - 0 0 0 0`])).expect(200);
    expect(await session(town)).toBeDefined();
  });

  test('a gateway without an agent, or of another kind, has no such address', async () => {
    const town = await testPortal();
    await send(town, report([])).expect(403);
    await send(town, report([]), 'town-hall').expect(400);
    await send(town, report([]), 'nobody').expect(400);
  });
});

describeWith('shellcheck', 'the scripts for OpenWrt', () => {
  test.each(['stadtfunk-agent', 'stadtfunk-agent.init'])('shellcheck has nothing to say about %s', (file) => {
    expect(execFileSync('shellcheck', ['-s', 'sh', join(packageRoot, 'deploy/openwrt', file)]).toString()).toBe('');
  });
});

describeWith('busybox', 'the agent in busybox’s shell, with busybox’s programs', () => {
  let folder: string;
  let server: Server;
  let town: Portal;
  let isUp: boolean;
  let bodies: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'agent-'));
    town = await portal();
    // The agent goes by the computer's clock.
    town.clock.step(Date.now() - NOW);
    isUp = true;
    bodies = [];
    server = createServer((incoming, response) => {
      if (!isUp) {
        response.writeHead(503).end();
        return;
      }
      incoming.on('data', (part: Buffer) => bodies.push(part.toString()));
      town.app(incoming, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    mkdirSync(join(folder, 'bin'));
    execFileSync('busybox', ['--install', '-s', join(folder, 'bin')]);
    const settings = [`url=http://127.0.0.1:${port}/agent/library`, 'gateway=library', `secret=${SECRET}`];
    writeFileSync(join(folder, 'conf'), [...settings, `spool=${join(folder, 'spool')}`, ''].join('\n'));
  });
  afterEach(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  function begin(...args: string[]): RunningProcess {
    const environment = [`PATH=${join(folder, 'bin')}`, `STADTFUNK_AGENT_CONFIG=${join(folder, 'conf')}`];
    return startIn(['env', ...environment], ['sh', SCRIPT, ...args]);
  }
  async function agent(...args: string[]): Promise<{ code: number | null; output: string }> {
    const running = begin(...args);
    await until('the agent has ended', () => running.exitCode() !== undefined);
    return { code: running.exitCode() ?? null, output: running.output() };
  }
  const now = () => Math.floor(Date.now() / 1000);
  const began = () => agent('ndsctl_auth', DEVICE, '0', '0', String(now() - 30), String(now() + 60), TOKEN, 'bmE%3d');
  const ended = () => agent('timeout_deauth', DEVICE, '516', '512', String(now() - 30), String(now()), TOKEN, 'bmE%3d');
  const kept = () =>
    readdirSync(join(folder, 'spool'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
      .join('\n');

  test('what openNDS tells at the begin and the end of a session reaches the server', async () => {
    expect(await began()).toEqual({ code: 0, output: '' });
    expect((await agent('once')).code).toBe(0);
    expect((await session(town))?.segments).toHaveLength(1);
    await ended();
    expect((await agent('once')).code).toBe(0);
    const [segment] = (await session(town))?.segments ?? [];
    expect(segment).toMatchObject({ downloadOctets: 516, uploadOctets: 512 });
    expect(segment?.stoppedAt).toBeDefined();
    expect(segment?.seconds).toBeGreaterThanOrEqual(30);
  });

  test('while the server is away it keeps what happened, without any address of the device', async () => {
    isUp = false;
    await began();
    expect((await agent('once')).code).not.toBe(0);
    await ended();
    expect((await agent('once')).code).not.toBe(0);
    expect(kept()).toContain(TOKEN);
    expect(
      kept()
        .toLowerCase()
        .replaceAll(/[^0-9a-f]/g, ''),
    ).not.toContain(DEVICE.replaceAll(':', ''));
    isUp = true;
    expect((await agent('once')).code).toBe(0);
    expect((await session(town))?.segments).toMatchObject([{ downloadOctets: 516 }]);
    expect(kept()).not.toContain(TOKEN);
    expect(bodies.join('')).not.toContain(TOKEN);
  });

  test('an answer that is not from the server is not obeyed, and the events are kept', async () => {
    await began();
    server
      .removeAllListeners('request')
      .on('request', (_, response) => response.end(`${'0'.repeat(64)}\nok\nend ${SESSION}\n`));
    expect((await agent('once')).code).not.toBe(0);
    expect(kept()).toContain(TOKEN);
  });

  test('an access point whose clock is wrong learns the time from the server', async () => {
    town.clock.step(-60 * MINUTE);
    writeFileSync(join(folder, 'conf'), `${readFileSync(join(folder, 'conf'), 'utf8')}every=1\n`);
    await began();
    const running = begin('run');
    await until('the session is known', () => session(town));
    await running.end('SIGTERM');
    expect((await session(town))?.lastSeenAt).toBe(town.clock.now());
  });

  test('openNDS, which asks how long a session may be, is left its own limits', async () => {
    const { output } = await agent('auth_client', DEVICE, 'http%3a%2f%2fa', 'Firefox', '10.77.0.2', TOKEN, 'bmE%3d');
    expect(output).toBe('0 0 0 0 0\n');
  });

  test.each([
    ['an unknown setting', 'colour=red', 'there is no setting colour'],
    ['a secret that is too long', `secret=${'x'.repeat(65)}`, 'more than 64 characters'],
    ['no secret', 'secret=', 'are needed'],
  ])('%s: it says so and ends', async (_, line, sentence) => {
    writeFileSync(join(folder, 'conf'), `${readFileSync(join(folder, 'conf'), 'utf8')}${line}\n`);
    const { code, output } = await agent('once');
    expect(output).toContain(sentence);
    expect(code).toBe(1);
  });
});
