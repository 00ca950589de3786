import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SnmpProbeOptions, snmpProbe } from '../../commands/snmp-probe';
import { freeUdpPort } from '../support/ports';
import { readWalk, ScriptedAgent } from './agent';
import { type Binding, unsigned } from './ber';

const TOWN = `
town: { name: Musterstadt, contact: { email: wlan@musterstadt.example } }
key: 9d3f6a0c5b7e41288f06c2d4a1e97b35
portal: { url: https://wlan.musterstadt.example }
terms: { versions: [{ version: 2026-11, validFrom: 2026-11-01 }] }
sites: [{ id: rathaus, name: Rathaus, kind: public-building }]
`;
const README = readFileSync(join(__dirname, '../../controller/profiles/README.md'), 'utf8');

let folder: string;
const agents: ScriptedAgent[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stadtfunk-probe-'));
});
afterEach(() => {
  jest.restoreAllMocks();
  for (const agent of agents.splice(0)) agent.stop();
  rmSync(folder, { recursive: true });
});

async function agentWith(objects: readonly Binding[]): Promise<number> {
  const agent = new ScriptedAgent(objects);
  agents.push(agent);
  return agent.start();
}

function walk(name: string): Binding[] {
  return readWalk(join(__dirname, '../fixtures/snmprec', `${name}.snmprec`));
}

async function run(host: string, options: SnmpProbeOptions): Promise<{ code: number; out: string }> {
  let out = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((chunk: unknown) => {
    out += String(chunk);
    return true;
  });
  try {
    return { code: await snmpProbe(host, options), out };
  } finally {
    jest.restoreAllMocks();
  }
}

function town(more: string): string {
  const file = join(folder, 'town.yaml');
  writeFileSync(file, TOWN + more);
  mkdirSync(join(folder, 'secrets'));
  writeFileSync(join(folder, 'secrets', 'community'), 'public\n');
  return file;
}

describe('stadtfunk snmp probe', () => {
  test('shows what a device answers, which profile fits, and what it does not say', async () => {
    const { code, out } = await run('127.0.0.1', { port: await agentWith(walk('openwrt-21')) });
    expect(code).toBe(0);
    for (const line of [
      'sysObjectID: 1.3.6.1.4.1.8072.3.2.10',
      'It is read with the profile openwrt.',
      'model: Linksys WRT1200AC',
      'firmware: OpenWrt 21.02.0-rc4',
      'uptime: 443 d 20 h 9 min',
      'load: 0.16',
      'memory: 426 of 497 MiB available',
      'clients: 3 (5 GHz: 2, 2.4 GHz: 1)',
      'radio wlan0: 5 GHz, noise -90 dBm',
      'It does not say: uplink, wlan, interfaces.',
    ])
      expect(out.split('\n')).toContain(line);
  });

  test('if nothing listens it says so and what to do, and returns 1', async () => {
    const { code, out } = await run('127.0.0.1', { port: await freeUdpPort() });
    expect(code).toBe(1);
    expect(out).toContain('nothing listens there');
    expect(out).toContain('--port');
  });

  test('the example of the documentation is a profile with which such a device is read', async () => {
    const example = /```yaml\n([^`]+)```/.exec(README)?.[1] ?? '';
    const text = (value: string): Buffer => Buffer.from(value);
    const oid = (tail: string): string => `1.3.6.1.4.1.99999.${tail}`;
    const port = await agentWith([
      { oid: '1.3.6.1.2.1.1.1.0', tag: 4, value: text('Example AP, Version 4.2 (build 7)') },
      { oid: '1.3.6.1.2.1.1.2.0', tag: 6, value: Buffer.from('2b06010401868d1f01', 'hex') },
      { oid: oid('1.1.0'), tag: 0x42, value: unsigned(131_072) },
      { oid: oid('1.2.0'), tag: 0x42, value: unsigned(65_536) },
      { oid: oid('2.1.2.1'), tag: 4, value: text('radio0') },
      { oid: oid('2.1.3.1'), tag: 2, value: unsigned(5180) },
      { oid: oid('2.1.4.1'), tag: 2, value: unsigned(12) },
      { oid: oid('2.1.5.1'), tag: 2, value: unsigned(30) },
    ]);
    const { code, out } = await run('127.0.0.1', { config: town(example), port });
    expect(code).toBe(0);
    for (const line of [
      'It is read with the profile example-ap.',
      'vendor: Example',
      'firmware: 4.2',
      'memory: 64 of 128 MiB available',
      'clients: 12 (5 GHz: 12)',
      'radio radio0: 5 GHz, channel busy 30 %',
    ])
      expect(out.split('\n')).toContain(line);
  });

  test('an access point of the configuration is found by its id, with its own access', async () => {
    const port = await agentWith(walk('aruba-cluster'));
    const ap = `{ id: ap-mensa, name: Mensa, site: rathaus, host: 127.0.0.1, port: ${port}, community: public }`;
    const config = town(`accessPoints: [${ap}]`);
    const { code, out } = await run('ap-mensa', { config, member: 'ap-mensa' });
    expect(code).toBe(1);
    expect(out).toContain('says that this access point is down');
  });

  test('a community that is not there is a mistake of whoever asks', async () => {
    await expect(run('127.0.0.1', { communityEnv: 'STADTFUNK_NO_SUCH_VARIABLE' })).rejects.toThrow('is not set');
  });
});
