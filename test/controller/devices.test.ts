import { join } from 'node:path';
import type { AccessPoint, Config } from '../../config/schema';
import { Secret } from '../../config/secret';
import { snmpProfile } from '../../config/snmp-profile';
import type { PollResult, Sample } from '../../controller/probe/probe';
import { SnmpProber } from '../../controller/probe/snmp';
import { systemClock } from '../../runtime/clock';
import { readWalk, ScriptedAgent } from './agent';
import { PDU } from './ber';

/** What a person reads out of each walk, written by hand. Interfaces are named only. */
type Reading = Omit<Sample, 'interfaces'> & { readonly interfaces: readonly string[] };

const KIB = 1024;

const READINGS: Readonly<Record<string, Reading>> = {
  'openwrt-21': {
    description: 'Linux OpenWrt 5.4.137 #0 SMP Sat Jul 31 17:21:01 2021 armv7l',
    uptime: { seconds: 38_347_746.01, source: 'host' },
    load1: 0.16,
    memory: { totalBytes: 509_384 * KIB, availableBytes: (509_384 - 72_852) * KIB },
    clients: 3,
    clientsByBand: new Map([
      ['5', 2],
      ['2.4', 1],
    ]),
    radios: new Map([
      ['wlan0', { band: '5', noiseDbm: -90 }],
      ['wlan1', { band: '2.4', noiseDbm: -65 }],
    ]),
    model: 'Linksys WRT1200AC',
    firmware: 'OpenWrt 21.02.0-rc4',
    interfaces: [],
  },
  'openwrt-metrics': {
    description: 'Linux OpenWrt 6.12.40 #0 SMP aarch64',
    uptime: { seconds: 86_400, source: 'host' },
    clients: 21,
    clientsByBand: new Map([
      ['2.4', 5],
      ['5', 12],
      ['6', 4],
    ]),
    radios: new Map([
      ['phy0-ap0', { band: '2.4', noiseDbm: -88, channelUtilization: 0.41 }],
      ['phy1-ap0', { band: '5', noiseDbm: -95, channelUtilization: 0.07 }],
      ['phy2-ap0', { band: '6' }],
    ]),
    interfaces: [],
  },
  'airos-8': {
    description: 'Linux 2.6.32.68 #1 Thu Aug 22 16:38:44 EEST 2019 mips',
    uptime: { seconds: 9_644_501, source: 'agent' },
    clients: 1,
    clientsByBand: new Map([['5', 1]]),
    radios: new Map([['1', { band: '5', noiseDbm: -91, channelUtilization: 0.699 }]]),
    traffic: new Map([
      ['uplink', { receiveOctets: 2_055_946_673, transmitOctets: 3_352_696_952 }],
      ['wlan', { receiveOctets: 2_365_946_539, transmitOctets: 707_218_017 }],
    ]),
    vendor: 'Ubiquiti',
    model: 'LiteBeam 5AC Gen2',
    firmware: 'WA.ar934x.v8.7.4.45112.210415.1103',
    interfaces: ['eth0', 'gre0', 'wifi1', 'teql0', 'wifi0', 'ath0', 'br0', 'airview1'],
  },
  'routeros-6': {
    description: 'RouterOS RBLHGG-60ad',
    uptime: { seconds: 1_383_431, source: 'host' },
    memory: { totalBytes: 262_144 * KIB, availableBytes: (262_144 - 55_664) * KIB },
    traffic: new Map([
      ['uplink', { receiveOctets: 82_373_172_268, transmitOctets: 1_266_370_950_088 }],
      ['wlan', { receiveOctets: 1_266_640_779_979, transmitOctets: 82_796_895_118 }],
    ]),
    vendor: 'MikroTik',
    model: 'RBLHGG-60ad',
    firmware: '6.44',
    interfaces: ['wlan60-1', 'ether1', 'bridge', 'wlan60-station-1'],
  },
  'mikrotik-cells': {
    description: 'RouterOS RBcAPGi-5acD2nD',
    uptime: { seconds: 42_949_672.95, source: 'host' },
    clients: 11,
    clientsByBand: new Map([
      ['2.4', 8],
      ['5', 3],
    ]),
    radios: new Map([
      ['wlan1', { band: '2.4', noiseDbm: -104 }],
      ['wlan2', { band: '5', noiseDbm: -110 }],
    ]),
    traffic: new Map([
      ['uplink', { receiveOctets: 5_000_000_000, transmitOctets: 7_000_000_000 }],
      ['wlan', { receiveOctets: 340, transmitOctets: 560 }],
    ]),
    vendor: 'MikroTik',
    model: 'RBcAPGi-5acD2nD',
    firmware: '7.15.3',
    interfaces: ['ether1', 'wlan1', 'wlan2'],
  },
  'unifi-lte': {
    description: 'U-LTE-Pro-EU 6.6.57.15206',
    uptime: { seconds: 1_624_988.38, source: 'host' },
    load1: 0.03,
    memory: { totalBytes: 125_832 * KIB, availableBytes: 53_148 * KIB },
    radios: new Map([['ng', { band: '2.4', channelUtilization: 0 }]]),
    traffic: new Map([
      ['uplink', { receiveOctets: 3_021_579_557, transmitOctets: 153_643_461 }],
      ['wlan', { receiveOctets: 0, transmitOctets: 0 }],
    ]),
    vendor: 'Ubiquiti',
    model: 'U-LTE-Pro-EU',
    firmware: '6.6.57.15206',
    interfaces: ['eth0', 'wifi0', 'gre0', 'gretap0', 'usb0', 'wwan0', 'br0', 'gre1'],
  },
  'unifi-two-radios': {
    description: 'UAP-AC-Pro 6.6.77.15402',
    uptime: { seconds: 1_955_520, source: 'host' },
    memory: { totalBytes: 126_000 * KIB, availableBytes: 40_000 * KIB },
    clients: 19,
    clientsByBand: new Map([
      ['2.4', 15],
      ['5', 4],
    ]),
    radios: new Map([
      ['ng', { band: '2.4', channelUtilization: 0.63 }],
      ['na', { band: '5', channelUtilization: 0.09 }],
    ]),
    vendor: 'Ubiquiti',
    model: 'UAP-AC-Pro-Gen2',
    firmware: '6.6.77.15402',
    interfaces: [],
  },
  'tplink-eap': {
    description: 'EAP245',
    uptime: { seconds: 777, source: 'agent' },
    clients: 9,
    vendor: 'TP-Link',
    interfaces: [],
  },
};

let settings: Pick<Config['controller'], 'snmp' | 'profiles'>;
let prober: SnmpProber;
const agents: ScriptedAgent[] = [];

beforeEach(() => {
  settings = { profiles: [] };
  const patience = { firstTimeoutMs: 200, refusalMs: 60 };
  prober = new SnmpProber({ clock: systemClock, onIgnored: () => {}, snmp: () => settings }, patience);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.stop();
  await prober.close();
});

async function agentOf(name: string): Promise<{ agent: ScriptedAgent; port: number }> {
  const agent = new ScriptedAgent(readWalk(join(__dirname, '../fixtures/snmprec', `${name}.snmprec`)));
  agents.push(agent);
  return { agent, port: await agent.start() };
}

function accessPoint(port: number, more: Partial<AccessPoint> = {}): AccessPoint {
  const snmp = { version: 'v2c', community: new Secret('public') } as const;
  return { id: 'ap', name: 'AP', site: 'site', host: '127.0.0.1', port, snmp, ...more };
}

function poll(ap: AccessPoint): Promise<PollResult> {
  return prober.probe(ap, new AbortController().signal);
}

function reading(result: PollResult): Reading | string {
  if (!result.answered) return result.reason;
  return { ...result.sample, interfaces: [...result.sample.interfaces.keys()] };
}

describe.each(['v1', 'v2c'] as const)('by SNMP %s', (version) => {
  test.each(Object.entries(READINGS))('%s says what a person reads out of its walk', async (name, expected) => {
    const { agent, port } = await agentOf(name);
    if (version === 'v1') agent.respond = (request, honest) => [ScriptedAgent.asVersion1(request, honest)];
    const ap = accessPoint(port, { snmp: { version, community: new Secret('public') } });
    expect(reading(await poll(ap))).toEqual(expected);
    // Known now, it is only asked for what it has.
    agent.questions.clear();
    expect(reading(await poll(ap))).toEqual(expected);
    if (version === 'v2c') expect(agent.questions.size).toBeLessThanOrEqual(5);
  });
});

describe('a controller that answers for many access points', () => {
  const TURNHALLE = {
    description: 'ArubaOS (MODEL: 515), Version 8.10.0.6',
    uptime: { seconds: 123_456, source: 'host' },
    memory: { totalBytes: 800_000_000, availableBytes: 300_000_000 },
    clients: 23,
    clientsByBand: new Map([
      ['5', 17],
      ['2.4', 6],
    ]),
    radios: new Map([
      ['0', { band: '5', noiseDbm: -93, channelUtilization: 0.12 }],
      ['1', { band: '2.4', noiseDbm: -87, channelUtilization: 0.55 }],
    ]),
    vendor: 'Aruba',
    model: 'AP-515',
    interfaces: [],
  };

  test.each([
    ['its name', 'ap-turnhalle', TURNHALLE],
    ['its hardware address', '02:00:5E:00:53:01', TURNHALLE],
    ['the name of one that is down', 'ap-mensa', 'member-down'],
    ['a name that is not listed', 'ap-aula', 'member-unknown'],
  ])('each is found by %s', async (_way, member, expected) => {
    const { port } = await agentOf('aruba-cluster');
    const ap = accessPoint(port, { member });
    expect(reading(await poll(ap))).toEqual(expected);
    expect(reading(await poll(ap))).toEqual(expected);
  });

  test('many that are asked at the same time do not disturb one another', async () => {
    const { port } = await agentOf('aruba-cluster');
    const aps = Array.from({ length: 20 }, (_, i) =>
      accessPoint(port, { member: i % 2 ? 'ap-turnhalle' : 'ap-mensa' }),
    );
    const readings = await Promise.all(aps.map(async (ap) => reading(await poll(ap))));
    expect(readings).toEqual(aps.map((_, i) => (i % 2 ? TURNHALLE : 'member-down')));
  });
});

describe('the configuration', () => {
  test('a profile of the town comes before those of the product', async () => {
    const { port } = await agentOf('tplink-eap');
    settings = {
      profiles: [
        snmpProfile.parse({
          id: 'own-eap',
          vendor: 'Own',
          match: { objectIds: ['1.3.6.1.4.1.11863'], answers: ['1.3.6.1.4.1.11863.10'] },
          scalars: {
            clients: ['1.3.6.1.4.1.11863.10.1.1.1.0'],
            model: [{ oid: '1.3.6.1.2.1.1.1.0', pattern: '^EAP(\\d+)' }],
          },
        }),
      ],
    };
    expect(reading(await poll(accessPoint(port)))).toMatchObject({ vendor: 'Own', clients: 9, model: '245' });
  });

  test('an access point may name its profile', async () => {
    const { port } = await agentOf('tplink-eap');
    const found = reading(await poll(accessPoint(port, { profile: 'generic' })));
    expect(found).toEqual({
      description: 'EAP245',
      uptime: { seconds: 777, source: 'agent' },
      interfaces: [],
    });
  });

  test('who says nothing is asked as the town says for all', async () => {
    const { port } = await agentOf('tplink-eap');
    settings = { profiles: [], snmp: { version: 'v1', community: new Secret('public') } };
    const { snmp: _, ...silent } = accessPoint(port);
    const asked = reading(await poll(silent));
    expect(asked).toMatchObject({ description: 'EAP245' });
  });
});

test('an agent that cannot answer so much at once is asked for less [RFC 3416 4.2.1, tooBig]', async () => {
  const { agent, port } = await agentOf('unifi-lte');
  agent.respond = (request, honest) =>
    request.pdu === PDU.get && request.bindings.length > 3 ? [{ ...honest, status: 1, bindings: [] }] : [honest];
  expect(reading(await poll(accessPoint(port)))).toEqual(READINGS['unifi-lte']);
});
