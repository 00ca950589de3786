import { HOUR, type Millis, SECOND } from '../../../core/time';
import type { Random } from '../../../runtime/random';
import { SourcePace } from '../../source-pace';

/** A whole town may come from one address: this lets a full square in within a minute, and stops a flood. */
const RATE = { atOnce: 300, perHour: (10 * HOUR) / SECOND };

/** How fast one source may have visitors let in. */
export class Pace {
  readonly #sources: SourcePace;

  constructor(random: Random) {
    this.#sources = new SourcePace(random);
  }

  /** @param now  of the monotonic clock */
  allows(source: string, now: Millis): boolean {
    return this.#sources.allows(source, RATE, now);
  }
}
