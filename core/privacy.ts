/**
 * Everything that is stored is declared here and in core/records, once: which records there are, of which kind each of
 * their fields is, what it is for, and when a record goes. The tests of test/privacy hold every store to it; the
 * nightly audit, the page /transparency and `stadtfunk privacy report` say it to people.
 */

/** A text for people, in the two languages of the report. */
export interface Said {
  readonly de: string;
  readonly en: string;
}

/** Of a language that fewer read, nothing is told: in a village everybody knows who reads it. */
export const FEWEST_TOLD = 5;

/** What a field can tell about a person. */
export const PRIVACY_CLASSES = {
  product: { de: 'sagt nur etwas über das Produkt selbst', en: 'tells about the product itself only' },
  equipment: { de: 'sagt etwas über Orte, Technik und Betrieb', en: 'tells about places, equipment and operation' },
  count: { de: 'Summe über viele', en: 'a sum over many' },
  visit: { de: 'zu einem Besuch, ohne zu sagen, wessen', en: 'about one visit, without saying whose' },
  random: { de: 'zufällig gezogen oder daraus gerechnet', en: 'drawn by chance, or reckoned from that' },
  foreign: { de: 'vom Zugangsgerät vergeben', en: 'given by the gateway' },
  device: { de: 'Kürzel eines Geräts für einen Ort und Tag', en: 'code of a device for one place and day' },
  words: { de: 'von Menschen geschrieben, verschlüsselt', en: 'written by people, encrypted' },
  key: { de: 'Schlüssel, nur verschlüsselt abgelegt', en: 'a key, kept only wrapped' },
} as const satisfies Readonly<Record<string, Said>>;
export type PrivacyClass = keyof typeof PRIVACY_CLASSES;

/** What fields are for. */
export const PURPOSES = {
  admit: { de: 'ein Gerät wieder einlassen, bis seine Zeit endet', en: 'let a device in again until its time is over' },
  terms: { de: 'wissen, welcher Fassung zugestimmt wurde', en: 'know which version was accepted' },
  rules: { de: 'die Regeln des Ortes anwenden', en: 'apply the rules of the place' },
  account: { de: 'Dauer und Datenmenge richtig zählen', en: 'count time and octets correctly' },
  end: { de: 'eine Verbindung beenden können', en: 'be able to end a connection' },
  forget: { de: 'wissen, wann der Eintrag gelöscht wird', en: 'know when the record has to go' },
  statistics: { de: 'Nutzung der Orte in Summen zeigen', en: 'show in sums how places are used' },
  reply: { de: 'Nachrichten beantworten', en: 'answer what people wrote' },
  health: { de: 'Ausfälle erkennen und zeigen', en: 'notice and show outages' },
  product: { de: 'Betrieb des Produkts', en: 'run the product' },
  protect: { de: 'Geräteadressen unkenntlich machen', en: 'make device addresses unrecognisable' },
} as const satisfies Readonly<Record<string, Said>>;
export type Purpose = keyof typeof PURPOSES;

/** Whose data a record may be. */
export const SUBJECTS = {
  visitors: { de: 'Menschen, die das WLAN nutzen', en: 'people who use the Wi-Fi' },
  writers: { de: 'Menschen, die der Stadt schreiben', en: 'people who write to the town' },
  nobody: { de: 'niemand', en: 'nobody' },
} as const satisfies Readonly<Record<string, Said>>;
export type Subject = keyof typeof SUBJECTS;

/** One class of record. */
export interface RecordClass {
  readonly title: Said;
  /** What it holds, in words. */
  readonly holds: Said;
  readonly subjects: Subject;
  /** How long it has a purpose: "until the acceptance ends". */
  readonly until: Said;
  /** How long it stays after that; undefined: as long as the store, and only for what is nobody's. */
  readonly keptFor?: number;
  /** By their path: `settled.at`. Fields of the key under which a record lies are among them. */
  readonly fields: Readonly<Record<string, readonly [PrivacyClass, Purpose]>>;
}
