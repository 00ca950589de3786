import type { Language } from '../../config/schema';
import { DAY, HOUR, localDate, MINUTE, type Millis } from '../../core/time';

const LOCALE: Readonly<Record<Language, string>> = { de: 'de-DE', en: 'en-GB' };

type Unit = 'minute' | 'hour' | 'day';

/** Writes times and numbers as one reads them in a language and in the town's time zone. Making Intl formats is costly: make one Format a language. */
export class Format {
  readonly #time: Intl.DateTimeFormat;
  readonly #dayAndTime: Intl.DateTimeFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #units: Readonly<Record<Unit, Intl.NumberFormat>>;
  readonly #timeZone: string;

  constructor(language: Language, timeZone: string) {
    const locale = LOCALE[language];
    const time = { hour: '2-digit', minute: '2-digit', timeZone } as const;
    this.#time = new Intl.DateTimeFormat(locale, time);
    this.#dayAndTime = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', ...time });
    this.#percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
    const unit = (name: Unit) => new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long' });
    this.#units = { minute: unit('minute'), hour: unit('hour'), day: unit('day') };
    this.#timeZone = timeZone;
  }

  /** `23:45` if that is today, otherwise with the day: `Sonntag, 22. November um 01:10`. */
  moment(at: Millis, now: Millis): string {
    const today = localDate(at, this.#timeZone) === localDate(now, this.#timeZone);
    return (today ? this.#time : this.#dayAndTime).format(at);
  }

  /** In the largest unit that divides it: `4 Stunden`, `90 Minuten`. */
  duration(length: Millis): string {
    const [unit, size] = length % HOUR === 0 ? (['hour', HOUR] as const) : (['minute', MINUTE] as const);
    return this.#unit(unit, Math.round(length / size));
  }

  /** How long ago, in the one unit that matters: `3 Minuten`, `5 Stunden`, `2 Tage`. */
  age(length: Millis): string {
    if (length < 2 * HOUR) return this.#unit('minute', Math.max(1, Math.round(length / MINUTE)));
    return length < 2 * DAY
      ? this.#unit('hour', Math.round(length / HOUR))
      : this.#unit('day', Math.round(length / DAY));
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
