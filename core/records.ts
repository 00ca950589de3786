import { FEEDBACK_AFTERGLOW_MS } from './feedback';
import type { RecordClass } from './privacy';
import { SESSION_AFTERGLOW_MS } from './session';
import { DAY, HOUR, type Millis } from './time';

/** Thirteen months: a full year can be compared with the one before, month by month. */
export const HISTORY_MS = 396 * DAY;

/** Every class of record that any store keeps. See core/privacy. */
export const RECORDS = {
  grant: {
    title: { de: 'Zustimmungen', en: 'acceptances' },
    holds: {
      de: 'Kürzel des Geräts, zufällige Nummer, Ort und Zugangsgerät, Zeitpunkt der Zustimmung und ihr Ende, Fassung der Nutzungsbedingungen, Datenvolumen',
      en: 'code of the device, random number, place and gateway, time of acceptance and its end, version of the terms, volume of data',
    },
    subjects: 'visitors',
    until: { de: 'bis die Zeit abläuft, für die zugestimmt wurde', en: 'until the time is over that was accepted' },
    keptFor: 0,
    fields: {
      device: ['device', 'admit'],
      id: ['random', 'admit'],
      site: ['visit', 'rules'],
      gateway: ['visit', 'end'],
      termsVersion: ['visit', 'terms'],
      acceptedAt: ['visit', 'terms'],
      expiresAt: ['visit', 'forget'],
      usedOctets: ['visit', 'rules'],
      day: ['visit', 'protect'],
      dayCount: ['visit', 'rules'],
      credential: ['random', 'admit'],
    },
  },
  credential: {
    title: { de: 'einmalige Zugangswörter', en: 'single-use credentials' },
    holds: {
      de: 'Prüfsumme eines zufälligen Wortes, Zugangsgerät, ob es eingelöst ist',
      en: 'hash of a random word, gateway, whether it was redeemed',
    },
    subjects: 'visitors',
    until: { de: 'zwei Minuten', en: 'for two minutes' },
    keptFor: 0,
    fields: {
      hash: ['random', 'admit'],
      grantId: ['random', 'admit'],
      gateway: ['visit', 'admit'],
      used: ['visit', 'admit'],
      usedBy: ['random', 'admit'],
      expiresAt: ['visit', 'forget'],
    },
  },
  'waiting-visitor': {
    title: { de: 'wer auf das Zugangsgerät wartet (openNDS)', en: 'who waits for the gateway (openNDS)' },
    holds: {
      de: 'Kennzeichen des Zugangsgeräts für den Wartenden, Zeitpunkt',
      en: 'the gateway’s word for who waits, time',
    },
    subjects: 'visitors',
    until: { de: 'höchstens zwei Minuten', en: 'for two minutes at most' },
    keptFor: 0,
    fields: {
      gateway: ['visit', 'admit'],
      id: ['foreign', 'admit'],
      line: ['foreign', 'admit'],
      since: ['visit', 'admit'],
      told: ['visit', 'admit'],
      expiresAt: ['visit', 'forget'],
    },
  },
  session: {
    title: { de: 'Verbindungen', en: 'connections' },
    holds: {
      de: 'Nummer beim Zugangsgerät, Ort, Beginn, Dauer, Datenvolumen; solange sie läuft auch die zufällige Nummer der Zustimmung und das verbrauchte Zugangswort',
      en: 'number at the gateway, place, beginning, duration, volume of data; while it runs also the random number of the acceptance and the credential that was used up',
    },
    subjects: 'visitors',
    until: { de: 'bis die Verbindung endet', en: 'until the connection ends' },
    keptFor: SESSION_AFTERGLOW_MS,
    fields: {
      gateway: ['visit', 'end'],
      site: ['visit', 'statistics'],
      sessionId: ['foreign', 'end'],
      grantId: ['random', 'account'],
      username: ['random', 'end'],
      lastSeenAt: ['visit', 'account'],
      endedAt: ['visit', 'forget'],
      'segments.start': ['visit', 'account'],
      'segments.lastAt': ['visit', 'account'],
      'segments.stoppedAt': ['visit', 'account'],
      'segments.seconds': ['visit', 'account'],
      'segments.downloadOctets': ['visit', 'account'],
      'segments.uploadOctets': ['visit', 'account'],
      'earlier.seconds': ['visit', 'account'],
      'earlier.downloadOctets': ['visit', 'account'],
      'earlier.uploadOctets': ['visit', 'account'],
      // On Redis only: what its grant, which lies elsewhere, has not been given yet.
      stretch: ['visit', 'account'],
      'owed.grantId': ['random', 'account'],
      'owed.octets': ['visit', 'account'],
    },
  },
  'end-order': {
    title: { de: 'Aufträge, Verbindungen zu beenden', en: 'orders to end connections' },
    holds: {
      de: 'Nummer beim Zugangsgerät, Ort, Zeitpunkt, Ergebnis',
      en: 'number at the gateway, place, time, outcome',
    },
    subjects: 'visitors',
    until: { de: 'bis er erledigt ist, höchstens eine Stunde', en: 'until it is settled, an hour at most' },
    keptFor: SESSION_AFTERGLOW_MS,
    fields: {
      gateway: ['visit', 'end'],
      sessionId: ['foreign', 'end'],
      site: ['visit', 'end'],
      username: ['random', 'end'],
      kind: ['visit', 'end'],
      orderedAt: ['visit', 'end'],
      dueAt: ['visit', 'end'],
      tries: ['visit', 'end'],
      'settled.at': ['visit', 'forget'],
      'settled.result': ['visit', 'end'],
    },
  },
  'day-use': {
    title: { de: 'Nutzung je Tag', en: 'use in a day' },
    holds: {
      de: 'Kürzel des Geräts, Ort, Tag, Dauer und Datenvolumen',
      en: 'code of the device, place, day, duration and volume of data',
    },
    subjects: 'visitors',
    until: { de: 'bis vier Uhr morgens', en: 'until four in the morning' },
    keptFor: 0,
    fields: {
      device: ['device', 'rules'],
      // Where a store keeps all sites together.
      site: ['visit', 'rules'],
      day: ['visit', 'forget'],
      octets: ['visit', 'rules'],
      seconds: ['visit', 'rules'],
    },
  },
  'pseudonym-key': {
    title: { de: 'Schlüssel der Kürzel', en: 'keys of the codes' },
    holds: { de: 'verschlüsselter Schlüssel für einen Ort und Tag', en: 'encrypted key for one place and day' },
    subjects: 'visitors',
    until: {
      de: 'bis der Tag vorbei ist und die letzte Zustimmung abgelaufen ist, die unter ihm entstand',
      en: 'until the day is over and the last acceptance made under it has expired',
    },
    keptFor: 0,
    fields: {
      site: ['equipment', 'protect'],
      day: ['equipment', 'protect'],
      key: ['key', 'protect'],
      lastExpiry: ['equipment', 'forget'],
    },
  },
  feedback: {
    title: { de: 'Nachrichten', en: 'messages' },
    holds: {
      de: 'Text und, wenn angegeben, Kontakt, beides verschlüsselt; Thema, Sprache, Zeitpunkt, zufällige Nummer',
      en: 'text and, if given, contact, both encrypted; topic, language, time, random number',
    },
    subjects: 'writers',
    until: { de: 'bis sie erledigt ist', en: 'until it is done' },
    keptFor: FEEDBACK_AFTERGLOW_MS,
    fields: {
      reference: ['random', 'reply'],
      topic: ['words', 'reply'],
      words: ['words', 'reply'],
      language: ['words', 'reply'],
      receivedAt: ['words', 'reply'],
      dueAt: ['words', 'reply'],
      doneAt: ['words', 'forget'],
    },
  },
  'acceptance-count': {
    title: {
      de: 'Zahl der Zustimmungen je Ort und Stunde oder Monat',
      en: 'number of acceptances by place and hour or month',
    },
    holds: {
      de: 'Anzahl je Ort, Stunde und Fassung; Anzahl je Ort, Monat und Sprache',
      en: 'number by place, hour and version; number by place, month and language',
    },
    subjects: 'nobody',
    until: {
      de: 'bis die Stunde oder der Monat vorbei ist, für die gezählt wird',
      en: 'until the hour or month is over that is counted',
    },
    keptFor: HISTORY_MS,
    fields: {
      site: ['count', 'statistics'],
      hour: ['count', 'statistics'],
      termsVersion: ['count', 'statistics'],
      language: ['count', 'statistics'],
      count: ['count', 'statistics'],
    },
  },
  'usage-total': {
    title: { de: 'Nutzung je Ort und Stunde', en: 'use by place and hour' },
    holds: {
      de: 'Verbindungen, Dauer und Datenvolumen je Ort und Stunde',
      en: 'connections, duration and volume of data by place and hour',
    },
    subjects: 'nobody',
    until: { de: 'bis die Stunde vorbei ist', en: 'until the hour is over' },
    keptFor: HISTORY_MS,
    fields: {
      site: ['count', 'statistics'],
      hour: ['count', 'statistics'],
      sessions: ['count', 'statistics'],
      seconds: ['count', 'statistics'],
      downloadOctets: ['count', 'statistics'],
      uploadOctets: ['count', 'statistics'],
    },
  },
  health: {
    title: { de: 'Zustand der Zugangspunkte', en: 'state of access points' },
    holds: { de: 'Zustand, seit wann, letzte Antwort', en: 'state, since when, last answer' },
    subjects: 'nobody',
    until: { de: 'solange der Zugangspunkt beobachtet wird', en: 'as long as the access point is watched' },
    keptFor: HISTORY_MS,
    fields: {
      ap: ['equipment', 'health'],
      'health.state': ['equipment', 'health'],
      'health.since': ['equipment', 'health'],
      'health.cause': ['equipment', 'health'],
      'health.streak': ['equipment', 'health'],
      'health.streakFrom': ['equipment', 'health'],
      'health.refusals': ['equipment', 'health'],
      'health.lastSeenAt': ['equipment', 'health'],
      'health.bootAt': ['equipment', 'health'],
      'health.changes': ['equipment', 'health'],
      firstSeenAt: ['equipment', 'health'],
    },
  },
  outage: {
    title: { de: 'Ausfälle der Zugangspunkte', en: 'outages of access points' },
    holds: { de: 'Beginn, Ende, Ursache', en: 'beginning, end, cause' },
    subjects: 'nobody',
    until: { de: 'bis der Ausfall endet', en: 'until the outage ends' },
    keptFor: HISTORY_MS,
    fields: {
      ap: ['equipment', 'health'],
      from: ['equipment', 'health'],
      to: ['equipment', 'health'],
      cause: ['equipment', 'health'],
    },
  },
  unwatched: {
    title: { de: 'Zeiten, in denen niemand beobachtete', en: 'times when nobody watched' },
    holds: { de: 'Beginn und Ende', en: 'beginning and end' },
    subjects: 'nobody',
    until: { de: 'bis die Zeit endet', en: 'until the time ends' },
    keptFor: HISTORY_MS,
    fields: { from: ['equipment', 'health'], to: ['equipment', 'health'] },
  },
  maintenance: {
    title: { de: 'Wartungen', en: 'maintenance' },
    holds: {
      de: 'Orte und Zugangspunkte, Beginn, Ende, Grund',
      en: 'places and access points, beginning, end, reason',
    },
    subjects: 'nobody',
    until: { de: 'bis die Arbeit endet', en: 'until the work ends' },
    keptFor: HISTORY_MS,
    fields: {
      id: ['equipment', 'health'],
      reason: ['equipment', 'health'],
      plan: ['equipment', 'health'],
      sites: ['equipment', 'health'],
      accessPoints: ['equipment', 'health'],
      from: ['equipment', 'health'],
      to: ['equipment', 'health'],
      endedAt: ['equipment', 'health'],
    },
  },
  exam: {
    title: { de: 'Prüfungen an Schulen', en: 'exams at schools' },
    holds: { de: 'Ort und Ende', en: 'place and end' },
    subjects: 'nobody',
    until: { de: 'bis die Prüfung endet', en: 'until the exam ends' },
    keptFor: 0,
    fields: { site: ['equipment', 'rules'], until: ['equipment', 'rules'] },
  },
  'shared-work': {
    title: { de: 'Aufteilung der Arbeit auf Prozesse', en: 'how work is shared by processes' },
    holds: {
      de: 'welcher Prozess welche Zugangspunkte beobachtet oder aufräumt, und bis wann er sich wieder meldet',
      en: 'which process watches which access points or tidies up, and until when it will be heard of again',
    },
    subjects: 'nobody',
    until: { de: 'solange es den Speicher gibt', en: 'as long as there is the store' },
    fields: {
      work: ['product', 'product'],
      'holders.name': ['product', 'product'],
      'holders.until': ['product', 'product'],
      'holders.span': ['product', 'product'],
      'holders.able': ['product', 'product'],
      'holders.knows': ['product', 'product'],
      pieces: ['product', 'product'],
    },
  },
  mark: {
    title: { de: 'Merkmale des Speichers', en: 'marks of the store' },
    holds: {
      de: 'Fassung des Speichers, Probe des Schlüssels, ob ein Umzug ihn gerade füllt, Ergebnis der letzten Prüfung',
      en: 'version of the store, check of the key, whether a move is filling it, result of the last audit',
    },
    subjects: 'nobody',
    until: { de: 'solange es den Speicher gibt', en: 'as long as there is the store' },
    fields: {
      schema: ['product', 'product'],
      'key-check': ['product', 'product'],
      filling: ['product', 'product'],
      probe: ['product', 'product'],
      'watched-until': ['equipment', 'health'],
      'audit.at': ['product', 'product'],
      'audit.overdue.of': ['product', 'product'],
      'audit.overdue.count': ['product', 'product'],
    },
  },
} as const satisfies Readonly<Record<string, RecordClass>>;

export type RecordName = keyof typeof RECORDS;
export const RECORD_NAMES = Object.keys(RECORDS).filter((name): name is RecordName => name in RECORDS);

/** The same with the form that all have in common. */
export function recordClass(name: RecordName): RecordClass {
  return RECORDS[name];
}

/** The time of one record: since when it is there, and when its purpose was over; undefined while it lasts. */
export interface RecordLife {
  readonly since: Millis;
  readonly over?: Millis | undefined;
}

/** By when a record must be gone; undefined while it has its purpose. */
export function mustBeGone(name: RecordName, { over }: RecordLife): Millis | undefined {
  const { keptFor } = recordClass(name);
  return over === undefined || keptFor === undefined ? undefined : over + keptFor;
}

/**
 * How much later the audit still finds nothing wrong: the store forgets every five minutes, and for an hour it does not
 * believe a clock that has jumped ahead.
 */
export const AUDIT_TOLERANCE_MS: Millis = 2 * HOUR;

/** What is held of one class of record. */
export interface HeldClass {
  readonly count: number;
  /** Since when the oldest is there; undefined if there is none. */
  readonly oldest?: Millis;
  /** Those that must have been gone for longer than the tolerance. */
  readonly overdue: number;
}

/** What is held right now: numbers only. A class of which there is none is missing. */
export type Census = ReadonlyMap<RecordName, HeldClass>;

/** What an audit found; the last one is kept. */
export interface Audit {
  readonly at: Millis;
  /** Records older than they may be, by class; empty if all is well. */
  readonly overdue: readonly { readonly of: RecordName; readonly count: number }[];
}

/** Counts records of a store one by one. */
export class CensusTaker {
  readonly #now: Millis;
  readonly #held = new Map<RecordName, HeldClass>();

  constructor(now: Millis) {
    this.#now = now;
  }

  add(name: RecordName, life: RecordLife): void {
    const { count, oldest, overdue } = this.#held.get(name) ?? { count: 0, oldest: life.since, overdue: 0 };
    const gone = mustBeGone(name, life) ?? Number.POSITIVE_INFINITY;
    this.#held.set(name, {
      count: count + 1,
      oldest: Math.min(oldest ?? life.since, life.since),
      overdue: overdue + Number(gone + AUDIT_TOLERANCE_MS < this.#now),
    });
  }

  take(): Census {
    return this.#held;
  }
}
