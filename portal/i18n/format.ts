import type { Language } from '../../config/schema';
import { DAY, HOUR, localDate, MINUTE, type Millis } from '../../core/time';

/** Where Intl knows a language by another name, or dates as one writes them in Europe. */
const LOCALE: Partial<Readonly<Record<Language, string>>> = { 'de-simple': 'de', en: 'en-GB', kmr: 'ku' };

/**
 * In every language the calendar, the digits and the 24 hours that the clocks, timetables and telephone numbers around
 * the visitor are written in. A Node.js without a language's data says it in English.
 */
function localesOf(language: Language): string[] {
  return [`${LOCALE[language] ?? language}-u-ca-gregory-nu-latn`, 'en-GB'];
}

type Unit = 'minute' | 'hour' | 'day';

/** What Unicode's data (CLDR 47) lack, or say about the future instead of the past. */
const WORDS: Partial<
  Readonly<Record<Language, { for?: Partial<Record<Unit, string>>; ago?: Partial<Record<Unit, string>> }>>
> = {
  ckb: {
    for: { minute: '{n} خولەک', hour: '{n} کاتژمێر', day: '{n} ڕۆژ' },
    ago: { minute: 'پێش {n} خولەک', hour: 'پێش {n} کاتژمێر', day: 'پێش {n} ڕۆژ' },
  },
  ps: { for: { hour: '{n} ساعته' } },
  ti: { ago: { day: 'ቅድሚ {n} መዓልቲ' } },
};

/**
 * Writes times and numbers as one reads them in a language and in the town's time zone. Making Intl formats is costly:
 * make one Format a language; it makes each of its formats when it is first needed.
 */
export class Format {
  readonly #language: Language;
  readonly #timeZone: string;
  readonly #dates = new Map<string, Intl.DateTimeFormat>();
  readonly #numbers = new Map<string, Intl.NumberFormat>();
  #ago: Intl.RelativeTimeFormat | undefined;

  constructor(language: Language, timeZone: string) {
    this.#language = language;
    this.#timeZone = timeZone;
  }

  /** `23:45` if that is today, otherwise with the day: `Sonntag, 22. November um 01:10`; in another year with the year. */
  moment(at: Millis, now: Millis): string {
    const [date, today] = [localDate(at, this.#timeZone), localDate(now, this.#timeZone)];
    if (date === today) return this.#date('time', {}).format(at);
    const day = { day: 'numeric', month: 'long' } as const;
    return date.slice(0, 4) === today.slice(0, 4)
      ? this.#date('day', { weekday: 'long', ...day }).format(at)
      : this.#date('year', { ...day, year: 'numeric' }).format(at);
  }

  /** `21. Dezember 2026`. */
  day(at: Millis): string {
    const options = { day: 'numeric', month: 'long', year: 'numeric', timeZone: this.#timeZone } as const;
    const made = this.#dates.get('date') ?? new Intl.DateTimeFormat(localesOf(this.#language), options);
    this.#dates.set('date', made);
    return made.format(at);
  }

  /** `3,5 MB`: of a million octets each, as those who sell data count them. */
  megabytes(octets: number): string {
    const options = { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 } as const;
    return this.#number('megabyte', options).format(octets / 1_000_000);
  }

  /** In the largest unit that divides it: `30 Tage`, `24 Stunden`, `90 Minuten`. */
  duration(length: Millis): string {
    const isDays = length % DAY === 0 && length > DAY;
    const isHours = length % HOUR === 0;
    const [unit, size] = isDays
      ? (['day', DAY] as const)
      : isHours
        ? (['hour', HOUR] as const)
        : (['minute', MINUTE] as const);
    const count = Math.round(length / size);
    return (
      this.#own('for', unit, count) ?? this.#number(unit, { style: 'unit', unit, unitDisplay: 'long' }).format(count)
    );
  }

  /** How long ago, in the one unit that matters: `vor 3 Minuten`, `vor 5 Stunden`, `vor 2 Tagen`. */
  ago(length: Millis): string {
    if (length < 2 * HOUR) return this.#past('minute', Math.max(1, Math.round(length / MINUTE)));
    return length < 2 * DAY
      ? this.#past('hour', Math.round(length / HOUR))
      : this.#past('day', Math.round(length / DAY));
  }

  /** A share from 0 to 1 as per cent, rounded down: 100 % means that nothing at all was missing. */
  percent(share: number): string {
    const floored = Math.floor(share * 1000) / 1000;
    return this.#number('percent', { style: 'percent', maximumFractionDigits: 1 }).format(floored);
  }

  #past(unit: Unit, count: number): string {
    const own = this.#own('ago', unit, count);
    if (own !== undefined) return own;
    this.#ago ??= new Intl.RelativeTimeFormat(localesOf(this.#language));
    return this.#ago.format(-count, unit);
  }

  #own(when: 'for' | 'ago', unit: Unit, count: number): string | undefined {
    return WORDS[this.#language]?.[when]?.[unit]?.replace('{n}', String(count));
  }

  #date(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: this.#timeZone } as const;
    const made = this.#dates.get(name) ?? new Intl.DateTimeFormat(localesOf(this.#language), { ...options, ...time });
    this.#dates.set(name, made);
    return made;
  }

  #number(name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const made = this.#numbers.get(name) ?? new Intl.NumberFormat(localesOf(this.#language), options);
    this.#numbers.set(name, made);
    return made;
  }
}
