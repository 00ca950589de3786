import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { configurationDocument } from '../../config/docs';
import { loadConfig, parseConfig } from '../../config/load';
import { nearest } from '../../config/nearest';
import { sameNetwork } from '../../config/networks';
import { restartOnly } from '../../config/reload';
import type { Config } from '../../config/schema';
import { Secret } from '../../config/secret';

const root = join(__dirname, '../..');
const today = Date.parse('2026-11-21T12:00:00Z');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stadtfunk-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function configOf(text: string): Config {
  const loaded = parseConfig(text, folder, today);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes, null, 1));
  return loaded.config;
}

const SMALLEST = `
town: { name: Musterstadt, contact: { email: wlan@musterstadt.example } }
key: 9d3f6a0c5b7e41288f06c2d4a1e97b35
portal: { url: https://wlan.musterstadt.example/ }
sites: [{ id: rathaus, name: Rathaus, kind: public-building }]
`;

describe('a right configuration', () => {
  test('needs a town, a key, an address and a site; the rest has defaults', () => {
    const config = configOf(SMALLEST);
    expect(config).toMatchObject({
      demo: false,
      portal: { url: 'https://wlan.musterstadt.example', listen: { host: '::', port: 8080 } },
      radius: { authenticationPort: 1812, accountingPort: 1813 },
      ops: { listen: { host: '127.0.0.1', port: 9180 } },
      store: { path: join(folder, 'data') },
      sites: [{ rules: { sessionSeconds: 14_400, idleSeconds: 1_800 } }],
    });
  });

  test('takes secrets from files and from the environment, without the line end', () => {
    writeFileSync(join(folder, 'key'), '7be0d14c93a25f68e1b7c5d20943fa86\n');
    process.env.STADTFUNK_TEST_SECRET = '5c01e8d2b94f7a36';
    const config = configOf(
      `${SMALLEST.replace('9d3f6a0c5b7e41288f06c2d4a1e97b35', '{ file: key }')}
accessPoints: [{ id: ap, name: AP, site: rathaus, host: 10.0.0.1, community: { env: STADTFUNK_TEST_SECRET } }]`,
    );
    expect(config.key.reveal()).toBe('7be0d14c93a25f68e1b7c5d20943fa86');
    expect(config.accessPoints[0]?.community?.reveal()).toBe('5c01e8d2b94f7a36');
  });

  test('a secret cannot be read from a log line, JSON or an inspected object by accident', () => {
    const secret = new Secret('9d3f6a0c');
    const printed = [String(secret), `${secret}`, JSON.stringify({ secret }), inspect({ deep: [secret] })];
    expect(printed.every((text) => text.includes('[secret]') && !text.includes('9d3f'))).toBe(true);
  });
});

test('the demo town is right: five sites, five gateways with a client each, eight access points, all on loopback', () => {
  const loaded = loadConfig(join(root, 'config/demo.yaml'), today);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes, null, 1));
  const { config } = loaded;
  expect(config.demo).toBe(true);
  expect(config.sites.map((site) => site.kind).toSorted()).toEqual([
    'bus',
    'library',
    'refugee-housing',
    'school',
    'square',
  ]);
  expect(config.sites.find((site) => site.kind === 'refugee-housing')?.statusPage).toBe('none');
  expect(new Set(config.gateways.map((gateway) => gateway.site)).size).toBe(5);
  expect(config.accessPoints).toHaveLength(8);
  const hosts = [config.portal.listen.host, config.radius.host, config.ops.listen.host];
  expect([...hosts, ...config.accessPoints.map((ap) => ap.host)].every((host) => host === '127.0.0.1')).toBe(true);
});

describe('docs/configuration.md', () => {
  const document = readFileSync(join(root, 'docs/configuration.md'), 'utf8');

  test('is what the schema says (else run: npx ts-node -T scripts/config-docs.ts)', () => {
    expect(configurationDocument()).toBe(document);
  });

  test('has an example that passes the check once its secret files exist', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
    mkdirSync(join(folder, 'secrets'));
    mkdirSync(join(folder, 'calendars'));
    mkdirSync(join(folder, 'texts/school/de'), { recursive: true });
    writeFileSync(join(folder, 'texts/school/de/2026-11.md'), '# Nutzungsbedingungen');
    const event = ['BEGIN:VEVENT', 'DTSTART;VALUE=DATE:20261223', 'DTEND;VALUE=DATE:20270107', 'END:VEVENT'];
    writeFileSync(join(folder, 'calendars/school-holidays.ics'), event.join('\r\n'));
    for (const [, file = ''] of example.matchAll(/file: (secrets\/[\w-]+)/g)) {
      // Hexadecimal digits, as a key of TLS-PSK is written, and no more than a path may have.
      writeFileSync(join(folder, file), createHash('sha256').update(file).digest('hex'));
    }
    const kinds = configOf(example).gateways.map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['coovachilli', 'hostapd', 'mikrotik', 'opennds', 'unifi', 'uspot']);
  });

  test('describes every key', () => {
    expect(document.match(/^\| `\w+` .*\|\s*\|$/gm)).toBeNull();
  });
});

test.each([
  ['nothing', SMALLEST, []],
  ['a rule of a site', SMALLEST.replace('kind: public-building', 'kind: square, rules: { sessionMinutes: 60 }'), []],
  ['another portal port', SMALLEST.replace('example/ }', 'example/, listen: { port: 8081 } }'), ['portal.listen.port']],
  ['the proxies in front', SMALLEST.replace('example/ }', 'example/, trustProxy: 1 }'), ['portal.trustProxy']],
  ['the key', SMALLEST.replace('9d3f', '8d3f'), ['key']],
  [
    'store, metrics and RADIUS addresses',
    `${SMALLEST}\nstore: { path: other }\nops: { listen: { host: 10.0.0.1 } }\nradius: { host: 10.0.0.1, accountingPort: 1646 }`,
    ['radius.host', 'radius.accountingPort', 'ops.listen.host', 'store.path'],
  ],
  ['demo', `${SMALLEST}\ndemo: true`, ['demo']],
])('a reload that changes %s needs a restart for just the keys opened at the start', (_, after, keys) => {
  expect(restartOnly(configOf(SMALLEST), configOf(after))).toEqual(keys);
});

test.each([
  ['10.1.0.1', '10.1.0.1', true],
  ['10.1.0.1', '10.1.0.2', false],
  ['10.1.0.1', '10.1.0.1/32', true],
  ['10.1.0.0/24', '10.1.0.7', false],
  ['10.1.0.0/24', '10.1.0.7/24', true],
  ['10.1.0.0/25', '10.1.0.128/25', false],
  ['0.0.0.0/0', '10.1.0.0/24', false],
  ['::ffff:10.1.0.1', '10.1.0.1', true],
  ['::ffff:10.1.0.0/120', '10.1.0.0/24', true],
  ['2001:db8::/32', '2001:db8:1::/32', true],
  ['::/0', '0.0.0.0/0', false],
])('networks %s and %s are the same: %s', (a, b, expected) => {
  expect(sameNetwork(a, b)).toBe(expected);
});

test.each([
  ['sessionMinuets', 'sessionMinutes'],
  ['session_minutes', 'sessionMinutes'],
  ['sessionminutes', 'sessionMinutes'],
  ['idel', undefined],
  ['kind', undefined],
])('the nearest key to %s is %s', (word, expected) => {
  expect(nearest(word, ['sessionMinutes', 'idleMinutes', 'name'])).toBe(expected);
});
