import { createCipheriv, createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { parseConfig } from '../../../config/load';
import type { Config } from '../../../config/schema';
import type { Health } from '../../../core/health';
import { DAY, HOUR } from '../../../core/time';
import { portalApp } from '../../../portal/app';
import { PortalMetrics } from '../../../portal/metrics';
import { openPortal } from '../../../portal/portal';
import { ManualClock } from '../../../runtime/clock';
import { LiveValue } from '../../../runtime/live';
import { type Log, silentLog } from '../../../runtime/log';
import { createMetrics } from '../../../runtime/metrics';
import { systemRandom } from '../../../runtime/random';
import { openEmbeddedStore } from '../../../store/embedded/driver';
import type { Store } from '../../../store/store';

export const PORTAL = 'http://portal.test:8080';
export const UAM_SECRET = 'uam-Secret-of-the-test-17';
export const FASKEY = 'labkey0123456789labkey0123456789';
export const DEVICE = '02-11-22-33-44-55';
/** Saturday, 21 November 2026, 19:00 in Berlin. */
export const NOW = Date.parse('2026-11-21T18:00:00Z');

const YAML = `
town:
  name: Neuwasser an der Lenne
  contact: { email: wlan@neuwasser.example, phone: 02374 1234-0 }
  imprintUrl: https://www.neuwasser.example/impressum
  accessibilityUrl: https://www.neuwasser.example/barrierefrei
key: 0123456789abcdefABCDEF0123456789xyz
portal: { url: '${PORTAL}' }
sites:
  - { id: square, name: Rathausplatz, kind: square, rules: { maxMegabytes: 1000 } }
  - { id: school, name: Gesamtschule am Stadtpark, kind: school }
  - { id: shelter, name: Unterkunft Nordstraße, kind: refugee-housing, statusPage: none }
gateways:
  - id: town-hall
    kind: coovachilli
    site: square
    uam: { address: 10.1.0.1, port: 3990, secret: ${UAM_SECRET} }
    radius: { clients: [127.0.0.2], secret: radius-Secret-of-the-test-18 }
  - id: plain
    kind: uspot
    site: school
    uam: { address: 127.0.0.1, port: 3990 }
    radius: { clients: [127.0.0.1], secret: radius-Secret-of-the-test-18 }
  - { id: library, kind: opennds, site: shelter, address: '10.77.0.1:2050', faskey: ${FASKEY} }
accessPoints:
  - { id: ap-gym, name: 'Turnhalle, Nordwand', site: school, host: 127.0.0.1, community: comm-Secret-of-test-19 }
  - { id: ap-hall, name: Aula, site: school, host: 127.0.0.1, community: comm-Secret-of-test-19 }
  - { id: ap-room, name: 'Raum 2.14', site: school, host: 127.0.0.1, community: comm-Secret-of-test-19 }
`;

/** The test town's configuration; `edit` changes its text first. */
export function townConfig(edit: (yaml: string) => string = (yaml) => yaml): Config {
  const loaded = parseConfig(edit(YAML), '/tmp');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  return loaded.config;
}

const opened: { store: Store; folder: string }[] = [];

/** Closes and removes every store a test file opened; for `afterAll`. */
export async function closeStores(): Promise<void> {
  for (const { store, folder } of opened.splice(0)) {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

/** A portal that listens nowhere, on a store of its own, with what it works on in the test's hands. */
export async function testPortal(
  config: Config = townConfig(),
  { log = silentLog, templates }: { log?: Log; templates?: string } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'portal-'));
  const live = new LiveValue(config);
  const clock = new ManualClock(NOW);
  const registry = createMetrics();
  const context = { townKey: config.key.reveal(), timeZone: config.town.timeZone, random: systemRandom, clock };
  const store = await openEmbeddedStore(folder, context);
  opened.push({ store, folder });
  const dependencies = { config: live, store, clock, random: systemRandom, log };
  const portal = openPortal(dependencies, new PortalMetrics(registry), templates);
  return { live, store, clock, registry, portal, app: portalApp(portal) };
}

/** How often the terms were accepted anywhere in the town: with each acceptance a grant was stored. */
export async function acceptances(store: Store): Promise<number> {
  const window = { from: NOW - HOUR, to: NOW + 24 * HOUR };
  const counts = await Promise.all(['square', 'school', 'shelter'].map((site) => store.acceptances(site, window)));
  return counts.flat().reduce((sum, { count }) => sum + count, 0);
}

/** The sealed visit in the form that a redirect leads to. */
export async function visitField(app: Parameters<typeof request>[0], redirect = uamRedirect()): Promise<string> {
  const page = await request(app).get(redirect).expect(200);
  return /name="visit" value="([\w-]+)"/.exec(page.text)?.[1] ?? 'no form';
}

/** A redirect as CoovaChilli writes it (facts: order of parameters, lower-case escapes), signed if there is a secret. */
export function uamRedirect(
  gateway = 'town-hall',
  changes: Record<string, string | undefined> = {},
  secret: string | undefined = UAM_SECRET,
): string {
  const parameters: Record<string, string | undefined> = {
    res: 'notyet',
    uamip: gateway === 'plain' ? '127.0.0.1' : '10.1.0.1',
    uamport: '3990',
    challenge: '6404e33836ce57634cd31263be711b9e',
    called: 'DE-3C-70-95-19-7B',
    mac: DEVICE,
    ip: '10.1.0.2',
    nasid: 'nas-chilli',
    sessionid: '179528876900000001',
    userurl: 'http%3a%2f%2fexample.test%2fsome%2fpath%3fx%3d1%26y%3da%2520b',
    ...changes,
  };
  const query = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const path = `/uam/${gateway}?${query}`;
  if (secret === undefined || gateway === 'plain') return path;
  const md = createHash('md5')
    .update(PORTAL + path + secret)
    .digest('hex')
    .toUpperCase();
  return `${path}&md=${md}`;
}

export const HID = `${'e648'.repeat(15)}e405`;

/** A redirect as openNDS at level 2 writes it. */
export function openndsRedirect(changes: Record<string, string> = {}, faskey = FASKEY): string {
  const fields = {
    hid: HID,
    clientip: '10.77.0.197',
    clientmac: '02:00:5e:20:00:01',
    client_type: 'cpd_can',
    gatewayname: 'Lab%20Hotspot',
    gatewayurl: 'http%3a%2f%2fstatus.client',
    version: '9.10.0',
    gatewayaddress: '10.77.0.1:2050',
    gatewaymac: '02005e100001',
    authdir: 'opennds_auth',
    originurl: 'http%3a%2f%2fexample.test%2fp%3fx%3d1',
    clientif: 'br-lan',
    themespec: '(null)',
    ...changes,
  };
  const text = `${Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')}, (null)(null)(null)(null)`;
  const iv = 'c0ffee0123456789';
  const key = Buffer.alloc(32);
  key.write(faskey);
  const cipher = createCipheriv('aes-256-cbc', key, Buffer.from(iv));
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
  return `/opennds/library?fas=${Buffer.from(sealed).toString('base64')}&iv=${iv}`;
}

/** Three access points of the school, watched for a month: two up, one down since the afternoon. */
export async function schoolFault(store: Store): Promise<void> {
  await store.watch(NOW - 31 * DAY, HOUR);
  await store.watch(NOW, 40 * DAY);
  for (const ap of ['ap-gym', 'ap-hall', 'ap-room']) {
    const since = NOW - 20 * DAY;
    await store.putHealth(ap, { state: 'up', since, streak: 0, lastSeenAt: since });
    await store.putHealth(ap, { state: 'up', since: NOW - 3 * DAY, streak: 0, lastSeenAt: NOW - 20_000 });
  }
  const down = (since: number): Health => ({ state: 'down', since, streak: 0, lastSeenAt: since });
  await store.putHealth('ap-gym', down(NOW - 8.5 * DAY), { kind: 'open', from: NOW - 8.5 * DAY });
  await store.putHealth('ap-gym', down(NOW - 8.5 * DAY), { kind: 'close', to: NOW - 8.4 * DAY });
  await store.putHealth('ap-gym', down(NOW - 4 * HOUR), { kind: 'open', from: NOW - 4 * HOUR });
}
