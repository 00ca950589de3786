import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { privacyReportCommand } from '../../commands/privacy';
import { privacyReport } from '../../commands/privacy-report';
import { parseConfig } from '../../config/load';
import type { Config } from '../../config/schema';
import { RECORD_NAMES, recordClass } from '../../core/records';
import { packageRoot } from '../../runtime/package-root';

const file = join(packageRoot, 'config', 'demo.yaml');
const demo = readFileSync(file, 'utf8');

/** The demo town, changed. */
function town(edit: (yaml: string) => string = (yaml) => yaml): Config {
  const loaded = parseConfig(edit(demo), join(packageRoot, 'config'));
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  return loaded.config;
}

const OPENNDS =
  "  - { id: plain-nds, kind: opennds, site: marktplatz, address: '10.77.0.1:2050', faskey: 5c01e8d2b94f7a36, level: 1 }\n";
const UNIFI =
  "  - { id: some-unifi, kind: unifi, site: marktplatz, controller: { url: 'https://unifi.example', site: default, apiKey: some-Key-of-the-test-20 } }\n";

/** Where something is said. */
function section(report: string, title: string): string {
  return report.split(/^##? /m).find((part) => part.startsWith(title)) ?? '';
}

test('the command prints it for the configuration, in German unless asked otherwise; in no other language', () => {
  const printed: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0);
  try {
    expect(privacyReportCommand({ config: file, language: 'de' })).toBe(0);
    expect(() => privacyReportCommand({ config: file, language: 'fr' })).toThrow('no report in the language fr');
  } finally {
    write.mockRestore();
  }
  expect(printed.join('')).toBe(privacyReport(town(), 'de'));
});

test.each(['de', 'en'] as const)(
  'in %s it has what Art. 30(1) asks for, and every record with its end and its fields',
  (language) => {
    const report = privacyReport(town(), language);
    for (const point of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
      expect(report).toMatch(language === 'de' ? `(Buchstabe ${point})` : `(point ${point})`);
    }
    // Nobody has a limit for a day in the demo town, and nobody comes through openNDS.
    const held = RECORD_NAMES.filter((name) => !['day-use', 'waiting-visitor'].includes(name));
    const [erasure, annex] = [
      section(report, language === 'de' ? 'Löschfristen' : 'Erasure'),
      report.slice(report.lastIndexOf('\n# ')),
    ];
    for (const name of held) {
      const { title, until, fields } = recordClass(name);
      expect(erasure).toContain(`| ${title[language]} | ${until[language]}`);
      for (const path of Object.keys(fields)) expect(section(annex, title[language])).toContain(`\`${path}\``);
    }
    expect(report).not.toContain(recordClass('day-use').title[language]);
    expect(report).not.toMatch(/undefined|\[object|NaN/);
  },
);

test('it says who, where and for how long, as the town configured it', () => {
  const report = privacyReport(town(), 'de');
  expect(section(report, 'Verantwortlich')).toContain('Rathausplatz 1, 12345 Musterstadt');
  expect(section(report, 'Verantwortlich')).toContain('**von der Stadt zu ergänzen**');
  expect(section(report, 'Orte')).toContain('| Unterkunft Hafenstraße | refugee-housing | 24 Stunden | nein |');
  expect(section(report, 'Löschfristen')).toMatch(/^\| Verbindungen \|.*danach noch 5 Minuten \|$/m);
  expect(section(report, 'Löschfristen')).toMatch(/^\| Nachrichten \|.*danach noch 30 Tage \|$/m);
  expect(section(report, 'Löschfristen')).toMatch(/^\| Nutzung je Ort und Stunde \|.*danach noch 13 Monate \|$/m);
});

test.each<[string, (yaml: string) => string, string, string]>([
  [
    'a limit for a day',
    (yaml) => yaml.replace('maxMegabytes: 200', 'maxMegabytes: 200, maxMegabytesPer: day'),
    'Nutzung je Tag',
    'Löschfristen',
  ],
  [
    'HTTPS at the portal',
    (yaml) => yaml.replace('url: http://127.0.0.1:8080', 'url: https://127.0.0.1:8080'),
    'HTTPS spricht',
    'Technische',
  ],
  [
    'a proxy in front',
    (yaml) => yaml.replace('portal:\n', 'portal:\n  trustProxy: 1\n'),
    'die Geräteadressen; er darf die Abfrageteile nicht protokollieren',
    'Empfänger',
  ],
  [
    'a gateway that leads to plain HTTP',
    (yaml) => yaml.replace('gateways:\n', `gateways:\n${OPENNDS}`),
    'führen ohne HTTPS zum Portal, die Geräteadresse lesbar oder unter dem faskey: plain-nds',
    'Technische',
  ],
  [
    'a UniFi controller in Art. 13',
    (yaml) => yaml.replace('gateways:\n', `gateways:\n${UNIFI}`),
    'und bis Ihr Zugang endet',
    'Was wir verarbeiten',
  ],
  [
    'a UniFi controller that may stand anywhere',
    (yaml) => yaml.replace('gateways:\n', `gateways:\n${UNIFI}`),
    'in einem Drittland steht',
    'Drittländer',
  ],
  [
    'a gateway that signs nothing',
    (yaml) => yaml.replace(', secret: demo-uam-marktplatz', ''),
    'gw-marktplatz has no uam.secret',
    'Technische',
  ],
])('it follows the configuration: %s', (_, edit, said, title) => {
  expect(section(privacyReport(town(), 'de'), title)).not.toContain(said);
  expect(section(privacyReport(town(edit), 'de'), title)).toContain(said);
});

test('it tells no secret', () => {
  const secrets = [...demo.matchAll(/(?:secret|key|community): ([\w-]+)/g)].map(([, secret = '']) => secret);
  expect(secrets.length).toBeGreaterThan(10);
  const report = privacyReport(town(), 'de');
  expect(secrets.filter((secret) => report.includes(secret))).toEqual([]);
});
