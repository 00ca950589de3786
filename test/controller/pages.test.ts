import { execFileSync } from 'node:child_process';
import { get } from 'node:http';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parseConfig } from '../../config/load';
import type { Config } from '../../config/schema';
import { EndedOutages } from '../../controller/ended-outages';
import { type ControllerPages, controllerPages } from '../../controller/pages';
import type { Sample } from '../../controller/probe/probe';
import { SAMPLE_SERIES } from '../../controller/sample-series';
import { Sight } from '../../controller/sight';
import { WatchedAp } from '../../controller/watched-ap';
import { MINUTE } from '../../core/time';
import { ManualClock } from '../../runtime/clock';
import { exposition, type Labelled } from '../../runtime/exposition';
import { LiveValue } from '../../runtime/live';
import { OpsServer } from '../../runtime/ops-server';
import { readExposition } from '../support/exposition';
import { describeWith, findProgram } from '../support/packages';
import { TEST_KEY } from '../support/product';

const POLICY = { missesUntilDown: 1, answersUntilUp: 1, pollSeconds: 60 };
/** A Sunday. */
const clock = new ManualClock(Date.UTC(2026, 10, 22, 12));
const SAMPLE: Sample = {
  description: 'Linux ap 6.6',
  vendor: 'TP-Link',
  model: 'EAP225 "v3"',
  firmware: '24.10',
  load1: 0.5,
  clients: 7,
  clientsByBand: new Map([['2.4', 3]]),
  radios: new Map([
    ['radio0', { band: '2.4', channelUtilization: 0.25, noiseDbm: -95 }],
    ['radio1', { noiseDbm: -101 }],
  ]),
  traffic: new Map([['uplink', { receiveOctets: 2 ** 40, transmitOctets: 5 }]]),
  interfaces: new Map([['eth0', { receiveOctets: 2 ** 40, transmitOctets: 5, up: true }]]),
};

const octets = fc.record({ receiveOctets: fc.maxSafeInteger(), transmitOctets: fc.maxSafeInteger(), up: fc.boolean() });
const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'ß', ' '), maxLength: 80 });
/** Whatever a device may say. */
const sample: fc.Arbitrary<Sample> = fc.record(
  {
    description: text,
    vendor: text,
    model: text,
    load1: fc.double({ min: 0, noNaN: true }),
    clients: fc.nat(500),
    clientsByBand: fc.constant(new Map([['5', 3] as const])),
    radios: fc.array(fc.tuple(text, fc.record({ noiseDbm: fc.integer() }, { requiredKeys: [] }))).map(mapOf),
    interfaces: fc.array(fc.tuple(text, octets)).map(mapOf),
  },
  { requiredKeys: ['description', 'interfaces'] },
);
const poll = fc.record({ id: fc.constantFrom('ap-1', 'ap-2'), sample: fc.option(sample, { nil: undefined }) });

function mapOf<Value>(entries: [string, Value][]): Map<string, Value> {
  return new Map(entries);
}

let ops: OpsServer;
let watched: Map<string, WatchedAp>;
const ended = new EndedOutages();
let url: string;

function town(): Config {
  const ap = (id: string, site: string, host = '10.1.0.11'): object => ({
    id,
    name: id,
    site,
    host,
    community: 'public',
  });
  const loaded = parseConfig(
    JSON.stringify({
      town: { name: 'Teststadt', contact: { email: 'wlan@teststadt.example' } },
      key: TEST_KEY,
      portal: { url: 'http://127.0.0.1:8080' },
      sites: [
        {
          id: 'school',
          name: 'School',
          kind: 'school',
          uplink: 'ap-1',
          location: { latitude: 52.25, longitude: 11.5 },
          rules: { openingHours: [{ days: ['mo'], from: '08:00', to: '16:00' }] },
        },
        { id: 'square', name: 'Square', kind: 'square' },
      ],
      accessPoints: [ap('ap-1', 'school'), ap('ap-2', 'school', '2001:db8::1'), ap('ap-3', 'square')],
    }),
    '/',
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  return loaded.config;
}

function unpolled({ accessPoints }: Config): Map<string, WatchedAp> {
  const now = clock.now();
  return new Map(
    accessPoints.map((ap) => {
      const health = { state: 'unknown', since: now, streak: 0 } as const;
      return [ap.id, new WatchedAp(ap, undefined, health, new Sight(clock), now)];
    }),
  );
}

beforeAll(async () => {
  const config = town();
  watched = unpolled(config);
  for (const ap of watched.values()) ap.answer(SAMPLE, clock.now(), POLICY);
  const pages: ControllerPages = controllerPages({
    config: new LiveValue(config),
    clock,
    watched: { all: () => watched.values(), get: (ap) => watched.get(ap), holds: () => true, ended },
  });
  const sites = { ...pages.aps, pieces: pages.sites };
  ops = new OpsServer(
    { host: '127.0.0.1', port: 0 },
    new Map([
      ['/sites', sites],
      ['/metrics/aps', pages.aps],
      ['/sd/aps', pages.discovery],
    ]),
    () => [],
  );
  await ops.start();
  url = `http://127.0.0.1:${ops.port}`;
});

afterAll(() => ops.stop());

const page = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text();
/** fetch would unpack it. */
const compressed = (path: string): Promise<Buffer> =>
  new Promise((resolve) => {
    get(`${url}${path}`, { headers: { 'Accept-Encoding': 'gzip' } }, async (response) =>
      resolve(Buffer.concat(await response.toArray())),
    );
  });
const seriesOf = async (path: string): Promise<Map<string, number>> =>
  new Map(
    readExposition(await page(path)).map(({ name, labels, value }) => [
      `${name.replace('stadtfunk_', '')} ${Object.values(labels).join(' ')}`,
      value,
    ]),
  );

describe('/metrics/aps', () => {
  test('has what each access point said, and no series for what it did not say', async () => {
    const series = await seriesOf('/metrics/aps');
    expect(series.get('ap_info ap-1 school TP-Link EAP225 "v3" 24.10 ap-1')).toBe(1);
    expect(series.get('ap_band_clients ap-1 school 2.4')).toBe(3);
    expect(series.get('ap_channel_utilization_ratio ap-1 school radio0 2.4')).toBe(0.25);
    expect(series.get('ap_noise_dbm ap-1 school radio1')).toBe(-101);
    expect(series.get('ap_network_receive_bytes_total ap-1 school uplink')).toBe(2 ** 40);
    expect([...series.keys()].filter((key) => /memory|utilization.*radio1/.test(key))).toEqual([]);
  });

  test('is of some sites only if asked, and of none that does not exist', async () => {
    const apsOf = async (query: string): Promise<Set<string | undefined>> =>
      new Set(readExposition(await page(`/metrics/aps?${query}`)).map(({ labels }) => labels.ap));
    expect(await apsOf('site=square')).toEqual(new Set(['ap-3']));
    expect(await apsOf('site=square&site=school')).toEqual(new Set(['ap-1', 'ap-2', 'ap-3']));
    expect((await fetch(`${url}/metrics/aps?site=nowhere`)).status).toBe(404);
  });

  test('is compressed for who takes that', async () => {
    const plain = await fetch(`${url}/metrics/aps`, { headers: { 'Accept-Encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(gunzipSync(await compressed('/metrics/aps')).toString()).toBe(await plain.text());
  });

  test('has at any time what each access point said in its last poll, and nothing of one that missed it', async () => {
    const before = watched;
    watched = unpolled(town());
    const said = new Map<string, Sample>();
    await fc.assert(
      fc.asyncProperty(fc.array(poll, { minLength: 1, maxLength: 6 }), async (polls) => {
        for (const { id, sample } of polls) {
          if (sample === undefined)
            watched.get(id)?.miss({ at: clock.now(), why: 'silent', isUndecided: false }, POLICY);
          else watched.get(id)?.answer(sample, clock.now(), POLICY);
          if (sample === undefined) said.delete(id);
          else said.set(id, sample);
        }
        const labelled = ['ap-1', 'ap-2'].flatMap((ap): Labelled<Sample>[] => {
          const sample = said.get(ap);
          return sample === undefined ? [] : [[sample, { ap, site: 'school' }]];
        });
        const fresh = Buffer.concat(await Readable.from(exposition(SAMPLE_SERIES, labelled)).toArray()).toString();
        expect(await page('/metrics/aps?site=school')).toContain(fresh);
        expect(gunzipSync(await compressed('/metrics/aps?site=school')).toString()).toContain(fresh);
      }),
    );
    watched = before;
  });

  test('shows a state as everybody is shown it: work on an access point is neither up nor down', async () => {
    const ap = watched.get('ap-3');
    if (ap === undefined) throw new Error('no ap-3');
    ap.inMaintenance = true;
    const series = await seriesOf('/metrics/aps?site=square');
    ap.inMaintenance = false;
    expect(series.get('ap_state ap-3 square maintenance')).toBe(1);
    expect(series.has('ap_up ap-3 square')).toBe(false);
  });
});

test('an outage is told with its reason, while it lasts and when it is over; flapping is told until its last changes are long ago', async () => {
  const ap = watched.get('ap-3');
  if (ap === undefined) throw new Error('no ap-3');
  const of = async (): Promise<string[]> =>
    [...(await seriesOf('/metrics/aps?site=square'))].map((one) => one.join(' '));
  const at = (minute: number): number => clock.now() + minute * MINUTE;
  const uptime = { seconds: 30, source: 'host' } as const;
  ap.miss({ at: at(1), why: 'agent', isUndecided: false }, POLICY);
  expect(await of()).toEqual(
    expect.arrayContaining([
      'ap_state ap-3 square unknown 1',
      'ap_outage ap-3 square agent 1',
      'ap_outages_total ap-3 square 0',
    ]),
  );
  ap.answer(SAMPLE, at(2), POLICY);
  ap.miss({ at: at(3), why: 'silent', isUndecided: false }, POLICY);
  expect(await of()).toEqual(
    expect.arrayContaining(['ap_up ap-3 square 0', 'ap_outage ap-3 square unknown 1', 'ap_flapping ap-3 square 0']),
  );
  ap.answer({ ...SAMPLE, uptime }, at(4), POLICY);
  ap.miss({ at: at(5), why: 'uplink', isUndecided: false }, POLICY);
  ap.answer({ ...SAMPLE, uptime: { ...uptime, seconds: 150 } }, at(6), POLICY);
  ap.miss({ at: at(7), why: 'silent', isUndecided: false }, POLICY);
  const flapping = await of();
  expect(flapping).toEqual(
    expect.arrayContaining([
      'ap_flapping ap-3 square 1',
      `ap_last_outage_end_timestamp_seconds ap-3 square uplink ${at(6) / 1000}`,
    ]),
  );
  expect((await seriesOf('/sites')).get('site_flapping_access_points square')).toBe(1);
  ap.answer({ ...SAMPLE, uptime }, at(60), POLICY);
  expect(await of()).toEqual(
    expect.arrayContaining([
      'ap_flapping ap-3 square 0',
      `ap_last_outage_end_timestamp_seconds ap-3 square power ${at(60) / 1000}`,
    ]),
  );
  expect((await of()).filter((line) => line.startsWith('ap_outage '))).toEqual([]);
});

test('/metrics has the sums of the sites, where they lie, whether they are open and reached', async () => {
  ended.count('school', 'power');
  const series = await seriesOf('/sites');
  const ofSchool = [...series].filter(([key]) => key.includes(' school'));
  expect(new Map(ofSchool)).toEqual(
    new Map([
      ['site_info school School school', 1],
      ['site_latitude_degrees school', 52.25],
      ['site_longitude_degrees school', 11.5],
      ['site_open school', 0],
      ['site_uplink_up school ap-1', 1],
      ...['up', 'suspect', 'down', 'unknown', 'parent-down', 'maintenance'].map((state): [string, number] => [
        `site_access_points school ${state}`,
        state === 'up' ? 2 : 0,
      ]),
      ['site_flapping_access_points school', 0],
      ...['power', 'network', 'agent', 'uplink', 'unseen', 'unknown'].map((reason): [string, number] => [
        `site_outages_ended_total school ${reason}`,
        reason === 'power' ? 1 : 0,
      ]),
      ['site_clients school', 14],
    ]),
  );
  expect([series.get('site_open square'), series.has('site_latitude_degrees square')]).toEqual([1, false]);
});

test('/sd/aps lists the access points as Prometheus reads targets, addresses of IPv6 in brackets', async () => {
  const answer = await fetch(`${url}/sd/aps?site=school`);
  expect(answer.headers.get('content-type')).toBe('application/json');
  const labels = {
    __meta_stadtfunk_site: 'school',
    __meta_stadtfunk_site_name: 'School',
    __meta_stadtfunk_site_kind: 'school',
  };
  expect(await answer.json()).toEqual([
    { targets: ['10.1.0.11'], labels: { ...labels, __meta_stadtfunk_ap: 'ap-1', __meta_stadtfunk_name: 'ap-1' } },
    { targets: ['[2001:db8::1]'], labels: { ...labels, __meta_stadtfunk_ap: 'ap-2', __meta_stadtfunk_name: 'ap-2' } },
  ]);
});

describeWith('promtool', 'both pages', () => {
  test.each(['/metrics/aps', '/sites'])('%s is accepted by promtool', async (path) => {
    const input = await page(path);
    expect(execFileSync(findProgram('promtool') ?? '', ['check', 'metrics'], { input, encoding: 'utf8' })).toBe('');
  });
});
