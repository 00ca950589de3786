import type { Config, Gateway } from '../config/schema';
import { PRIVACY_CLASSES, PURPOSES, type Said, SUBJECTS } from '../core/privacy';
import { HISTORY_MS, RECORD_NAMES, type RecordName, recordClass } from '../core/records';
import { dayCount } from '../core/rules';
import { DAY, HOUR, MINUTE, type Millis } from '../core/time';
import { measures } from './privacy-measures';

/** Languages of the report; the German one is binding. */
export const REPORT_LANGUAGES = ['de', 'en'] as const;
export type ReportLanguage = (typeof REPORT_LANGUAGES)[number];

/** What the configuration does not know and the town has to add. */
const OPEN: Said = { de: '**von der Stadt zu ergänzen**', en: '**to be added by the town**' };

/**
 * The record of processing activities (Art. 30 GDPR) and the information for visitors (Art. 13 GDPR) as Markdown: what
 * core/records declares, as far as it happens in this town.
 */
export function privacyReport(config: Config, language: ReportLanguage): string {
  const say = (text: Said): string => text[language];
  const held = RECORD_NAMES.filter((name) => isHeld(name, config));
  const personal = held.filter((name) => recordClass(name).subjects !== 'nobody');
  return [
    ...record(config, say, { held, personal }),
    ...information(config, say, personal),
    ...fields(say, held),
    '',
  ].join('\n');
}

type Say = (text: Said) => string;

function isHeld(name: RecordName, config: Config): boolean {
  if (name === 'day-use') return config.sites.some(({ rules }) => dayCount(rules) !== undefined);
  if (name === 'waiting-visitor') return hasKind(config, 'opennds');
  return true;
}

function record(
  config: Config,
  say: Say,
  { held, personal }: { held: readonly RecordName[]; personal: readonly RecordName[] },
): string[] {
  const { town } = config;
  return [
    `# ${say({ de: `Freies WLAN ${town.name}: Verzeichnis von Verarbeitungstätigkeiten`, en: `Free Wi-Fi ${town.name}: record of processing activities` })}`,
    '',
    say({
      de: 'Art. 30 Abs. 1 DSGVO. Aus der laufenden Konfiguration erzeugt; was dort nicht steht, ist zu ergänzen. Vor der Verwendung rechtlich prüfen.',
      en: 'Art. 30(1) GDPR. Made from the configuration in use; what it does not say has to be added. To be checked by a lawyer before it is used. The German version is binding.',
    }),
    '',
    ...section(say({ de: 'Verantwortlich (Buchstabe a)', en: 'Controller (point a)' }), controller(config, say)),
    ...section(say({ de: 'Zwecke (Buchstabe b)', en: 'Purposes (point b)' }), bullets(purposes(personal).map(say))),
    ...section(say({ de: 'Betroffene und Daten (Buchstabe c)', en: 'Data subjects and data (point c)' }), [
      ...table(
        [
          { de: 'Datensatz', en: 'Record' },
          { de: 'Betroffene', en: 'Data subjects' },
          { de: 'Daten', en: 'Data' },
        ].map(say),
        held.map((name) => [
          say(recordClass(name).title),
          say(SUBJECTS[recordClass(name).subjects]),
          say(recordClass(name).holds),
        ]),
      ),
      '',
      say(deviceAddress(config)),
    ]),
    ...section(say({ de: 'Orte', en: 'Places' }), places(config, say)),
    ...section(say({ de: 'Empfänger (Buchstabe d)', en: 'Recipients (point d)' }), bullets(recipients(config, say))),
    ...section(say({ de: 'Drittländer (Buchstabe e)', en: 'Third countries (point e)' }), [
      say(
        config.store.kind === 'redis' || hasKind(config, 'unifi')
          ? {
              de: `Ob der UniFi-Controller oder der Redis-Server in einem Drittland steht: ${OPEN.de}. Sonst übermittelt Stadtfunk nichts.`,
              en: `Whether the UniFi controller or the Redis server is in a third country: ${OPEN.en}. Stadtfunk transfers nothing else.`,
            }
          : { de: 'Stadtfunk übermittelt nichts.', en: 'Stadtfunk transfers nothing.' },
      ),
    ]),
    ...section(say({ de: 'Löschfristen (Buchstabe f)', en: 'Erasure (point f)' }), [
      ...table(
        [
          { de: 'Datensatz', en: 'Record' },
          { de: 'bleibt', en: 'stays' },
        ].map(say),
        held.map((name) => [say(recordClass(name).title), ending(name, say)]),
      ),
      '',
      say({
        de: 'Gelöscht wird alle fünf Minuten. Jede Nacht prüft das Produkt selbst, ob etwas zu alt ist; das Ergebnis steht unter /transparency.',
        en: 'Records are erased every five minutes. Every night the product itself checks whether anything is too old; the result stands at /transparency.',
      }),
    ]),
    ...section(
      say({ de: 'Technische und organisatorische Maßnahmen (Buchstabe g)', en: 'Security measures (point g)' }),
      bullets(measures(config).map(say)),
    ),
  ];
}

function information(config: Config, say: Say, personal: readonly RecordName[]): string[] {
  const { portal, town } = config;
  return [
    `# ${say({ de: `Freies WLAN ${town.name}: Informationen nach Art. 13 DSGVO`, en: `Free Wi-Fi ${town.name}: information under Art. 13 GDPR` })}`,
    '',
    ...section(say({ de: 'Wer verantwortlich ist', en: 'Who is responsible' }), controller(config, say)),
    ...section(say({ de: 'Was wir verarbeiten, wofür und wie lange', en: 'What we process, what for and how long' }), [
      say({
        de: `${hasKind(config, 'unifi') ? 'Die Adresse Ihres Geräts brauchen wir im Augenblick der Anfrage, und bis Ihr Zugang endet' : 'Die Adresse Ihres Geräts brauchen wir nur im Augenblick der Anfrage'}. Wir speichern sie nicht, und auch nicht Ihre IP-Adresse oder welche Seiten Sie aufrufen. Gespeichert wird:`,
        en: `${hasKind(config, 'unifi') ? 'We need the address of your device at the moment of the request, and until your access ends' : 'We need the address of your device only at the moment of the request'}. We do not store it, nor your IP address, nor which pages you open. What is stored:`,
      }),
      '',
      ...bullets(
        personal.map(
          (name) =>
            `**${say(recordClass(name).title)}**: ${say(recordClass(name).holds)}. ${say({ de: 'Wofür', en: 'What for' })}: ${purposes([name]).map(say).join('; ')}. ${say({ de: 'Wie lange', en: 'How long' })}: ${ending(name, say)}.`,
        ),
      ),
      '',
      say({
        de: `Dazu Summen je Ort und Stunde, ${lasting(HISTORY_MS).de} lang, und die Zustimmungen je Ort, Monat und Sprache. Kürzel und Nummern stehen nicht darin; wo in einer Stunde nur ein Mensch kommt, kann eine Summe trotzdem auf ihn hindeuten.`,
        en: `Besides, sums by place and hour, for ${lasting(HISTORY_MS).en}, and the acceptances by place, month and language. They hold neither codes nor numbers of devices; where one person alone comes within an hour, a sum may still point to them.`,
      }),
    ]),
    ...section(say({ de: 'Rechtsgrundlage', en: 'Legal basis' }), [
      say({
        de: 'Artikel 6 Absatz 1 Buchstabe e DSGVO mit dem Datenschutzgesetz des Landes: Das WLAN ist Teil der öffentlichen Daseinsvorsorge. Für Nachrichten über Barrieren auch Buchstabe c.',
        en: 'Article 6(1)(e) GDPR with the data protection act of the federal state: the Wi-Fi is a public service. For messages about barriers point (c) as well.',
      }),
    ]),
    ...section(say({ de: 'Wer es bekommt', en: 'Who receives it' }), bullets(recipients(config, say))),
    ...section(say({ de: 'Ihre Rechte', en: 'Your rights' }), [
      say({
        de: `Auskunft, Berichtigung, Löschung, Einschränkung, Widerspruch und Beschwerde bei der Datenschutzaufsicht des Landes (${OPEN.de}). Was über Ihre Verbindung gespeichert ist, sehen und löschen Sie selbst: auf der Seite „Sie sind verbunden“. Was insgesamt gespeichert ist: ${portal.url}/transparency. Sie müssen nichts angeben; ohne die Geräteadresse ist aber keine Verbindung möglich. Es gibt keine automatisierte Entscheidung über Sie.`,
        en: `Access, rectification, erasure, restriction, objection, and complaint to the data protection authority of the federal state (${OPEN.en}). What is stored about your connection you see and delete yourself, on the page “You are connected”. What is stored altogether: ${portal.url}/transparency. You need not tell us anything; but without the device address no connection is possible. No automated decision is made about you.`,
      }),
    ]),
  ];
}

function controller({ town }: Config, say: Say): string[] {
  const { contact, imprint } = town;
  return bullets([
    [town.name, imprint?.address ?? `${say({ de: 'Anschrift', en: 'address' })}: ${say(OPEN)}`].join(', '),
    `${say({ de: 'vertreten durch', en: 'represented by' })} ${imprint?.representedBy ?? say(OPEN)}`,
    [contact.email, ...(contact.phone === undefined ? [] : [contact.phone])].join(', '),
    `${say({ de: 'Datenschutzbeauftragte oder -beauftragter', en: 'data protection officer' })}: ${say(OPEN)}`,
  ]);
}

function deviceAddress(config: Config): Said {
  const [besides, besidesEn] = hasKind(config, 'unifi')
    ? [
        '; wo ein UniFi-Controller steht, bis der Zugang endet',
        '; where there is a UniFi controller, until access ends',
      ]
    : ['', ''];
  return {
    de: `Die Geräteadresse (MAC-Adresse) liegt nur im Arbeitsspeicher, solange eine Anfrage beantwortet wird${besides}. Gespeichert wird an ihrer Stelle ein Kürzel, das für einen Ort und einen Tag gilt.`,
    en: `The device address (MAC address) is in memory only, while a request is answered${besidesEn}. What is stored in its place is a code that is valid for one place and one day.`,
  };
}

function hasKind({ gateways }: Config, kind: Gateway['kind']): boolean {
  return gateways.some((gateway) => gateway.kind === kind);
}

function places({ sites }: Config, say: Say): string[] {
  const heads: Said[] = [
    { de: 'Ort', en: 'Place' },
    { de: 'Art', en: 'Kind' },
    { de: 'Zustimmung gilt höchstens', en: 'An acceptance lasts at most' },
    { de: 'Grenze je Tag', en: 'Limit for a day' },
  ];
  return table(
    heads.map(say),
    sites.map(({ name, kind, rules }) => [
      name,
      kind,
      say(lasting(rules.sessionSeconds * 1000)),
      say(dayCount(rules) === undefined ? { de: 'nein', en: 'no' } : { de: 'ja', en: 'yes' }),
    ]),
  );
}

function recipients(config: Config, say: Say): string[] {
  const { gateways, portal } = config;
  return [
    say({
      de: `Zugangsgeräte der Stadt (${gateways.length}): Sie kennen die Adresse eines Geräts, solange es verbunden ist, und erhalten zufällige Kennzeichen.`,
      en: `Gateways of the town (${gateways.length}): they know the address of a device while it is connected, and are given random words.`,
    }),
    ...(hasKind(config, 'unifi')
      ? [
          say({
            de: 'Der UniFi-Controller der Stadt erhält die Geräteadresse, um den Zugang zu öffnen und zu beenden; so lange steht sie auch im Arbeitsspeicher des Portals.',
            en: 'The town’s UniFi controller is given the device address to open and end access; until then it is in the memory of the portal, too.',
          }),
        ]
      : []),
    ...(portal.trustProxy > 0
      ? [
          say({
            de: 'Der vorgeschaltete Proxy sieht die IP-Adressen der Abrufe und in deren Adressen (`mac=`, `id=`) die Geräteadressen; er darf die Abfrageteile nicht protokollieren, und seine Protokolle gehören in ein eigenes Verzeichnis.',
            en: 'The proxy in front sees the IP addresses of requests and, in what they ask for (`mac=`, `id=`), device addresses; it must not log queries, and its logs need a record of their own.',
          }),
        ]
      : []),
    ...(config.store.kind === 'redis'
      ? [
          say({
            de: `Der Speicher ist ein Redis-Server; wer ihn betreibt und wo er steht: ${OPEN.de}`,
            en: `The store is a Redis server; who runs it, and where: ${OPEN.en}`,
          }),
        ]
      : []),
    say({ de: `Beauftragte Dienstleister: ${OPEN.de}`, en: `Processors: ${OPEN.en}` }),
  ];
}

/** Every field by its class of record, with what it can tell and what it is for. */
function fields(say: Say, held: readonly RecordName[]): string[] {
  const heads: Said[] = [
    { de: 'Feld', en: 'Field' },
    { de: 'Art', en: 'Kind' },
    { de: 'Zweck', en: 'Purpose' },
  ];
  return [
    `# ${say({ de: 'Anhang: jedes gespeicherte Feld', en: 'Annex: every stored field' })}`,
    '',
    ...held.flatMap((name) =>
      section(
        say(recordClass(name).title),
        table(
          heads.map(say),
          Object.entries(recordClass(name).fields).map(([path, [privacy, purpose]]) => [
            `\`${path}\``,
            say(PRIVACY_CLASSES[privacy]),
            say(PURPOSES[purpose]),
          ]),
        ),
      ),
    ),
  ];
}

function purposes(names: readonly RecordName[]): Said[] {
  const found = new Set(names.flatMap((name) => Object.values(recordClass(name).fields).map(([, purpose]) => purpose)));
  // That a record says when it has to go is no purpose of having it.
  found.delete('forget');
  return [...found].map((purpose) => PURPOSES[purpose]);
}

/** "bis die Verbindung endet, danach noch 5 Minuten" */
function ending(name: RecordName, say: Say): string {
  const { until, keptFor = 0 } = recordClass(name);
  if (keptFor === 0) return say(until);
  const { de, en } = lasting(keptFor);
  return `${say(until)}${say({ de: `, danach noch ${de}`, en: `, and ${en} after that` })}`;
}

function lasting(time: Millis): Said {
  const counted = (count: number, one: Said, many: Said): Said => {
    const { de, en } = count === 1 ? one : many;
    return { de: `${count} ${de}`, en: `${count} ${en}` };
  };
  if (time === HISTORY_MS) return { de: '13 Monate', en: '13 months' };
  if (time % DAY === 0 && time > DAY) return counted(time / DAY, { de: 'Tag', en: 'day' }, { de: 'Tage', en: 'days' });
  if (time % HOUR === 0) return counted(time / HOUR, { de: 'Stunde', en: 'hour' }, { de: 'Stunden', en: 'hours' });
  return counted(Math.ceil(time / MINUTE), { de: 'Minute', en: 'minute' }, { de: 'Minuten', en: 'minutes' });
}

function section(title: string, lines: readonly string[]): string[] {
  return [`## ${title}`, '', ...lines, ''];
}

function bullets(lines: readonly string[]): string[] {
  return lines.map((line) => `- ${line}`);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)];
}
