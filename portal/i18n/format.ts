import type { Language } from '../../config/schema';
import { DAY, HOUR, localDate, MINUTE, type Millis } from '../../core/time';

const LOCALE: Readonly<Record<Language, string>> = { de: 'de-DE', en: 'en-GB' };

type Unit = 'minute' | 'hour';

/** Writes times and numbers as one reads them in a language and in the town's time zone. Making Intl formats is costly: make one Format a language. */
export class Format {
  readonly #time: Intl.DateTimeFormat;
  readonly #dayAndTime: Intl.DateTimeFormat;
  readonly #dateAndTime: Intl.DateTimeFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #units: Readonly<Record<Unit, Intl.NumberFormat>>;
  readonly #ago: Intl.RelativeTimeFormat;
  readonly #timeZone: string;

  constructor(language: Language, timeZone: string) {
    const locale = LOCALE[language];
    const time = { hour: '2-digit', minute: '2-digit', timeZone } as const;
    this.#time = new Intl.DateTimeFormat(locale, time);
    const day = { day: 'numeric', month: 'long' } as const;
    this.#dayAndTime = new Intl.DateTimeFormat(locale, { weekday: 'long', ...day, ...time });
    this.#dateAndTime = new Intl.DateTimeFormat(locale, { ...day, year: 'numeric', ...time });
    this.#percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
    const unit = (name: Unit) => new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long' });
    this.#units = { minute: unit('minute'), hour: unit('hour') };
    this.#ago = new Intl.RelativeTimeFormat(locale);
    this.#timeZone = timeZone;
  }

  /** `23:45` if that is today, otherwise with the day: `Sonntag, 22. November um 01:10`; in another year with the year. */
  moment(at: Millis, now: Millis): string {
    const [date, today] = [localDate(at, this.#timeZone), localDate(now, this.#timeZone)];
    if (date === today) return this.#time.format(at);
    return (date.slice(0, 4) === today.slice(0, 4) ? this.#dayAndTime : this.#dateAndTime).format(at);
  }

  /** In the largest unit that divides it: `4 Stunden`, `90 Minuten`. */
  duration(length: Millis): string {
    const [unit, size] = length % HOUR === 0 ? (['hour', HOUR] as const) : (['minute', MINUTE] as const);
    return this.#unit(unit, Math.round(length / size));
  }

  /** How long ago, in the one unit that matters: `vor 3 Minuten`, `vor 5 Stunden`, `vor 2 Tagen`. */
  ago(length: Millis): string {
    if (length < 2 * HOUR) return this.#ago.format(-Math.max(1, Math.round(length / MINUTE)), 'minute');
    return length < 2 * DAY
      ? this.#ago.format(-Math.round(length / HOUR), 'hour')
      : this.#ago.format(-Math.round(length / DAY), 'day');
  }

  /** A share from 0 to 1 as per cent, rounded down: 100 % means that nothing at all was missing. */
  percent(share: number): string {
    const floored = Math.floor(share * 1000) / 1000;
    return this.#percent.format(floored);
  }

  #unit(unit: Unit, count: number): string {
    return this.#units[unit].format(count);
  }
}
