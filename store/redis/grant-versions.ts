import type { GrantId } from '../../core/ids';
import { type Millis, SECOND } from '../../core/time';
import { systemClock } from '../../runtime/clock';

/** About how many grants have a version at a time. */
const CAPACITY = 100_000;
/** A look takes no longer; what it found after that gets no version. */
const LONGEST_LOOK_MS: Millis = 4 * SECOND;

/** A look at a grant, from before it was asked for. */
export interface Look {
  readonly sequence: number;
  readonly epoch: number;
  readonly at: number;
}

/**
 * Which grants are as they were found. A grant gets a version when it is found and no change of it was told since it was
 * asked for; any change takes the version away. Whether changes are told at all is for `GrantWatch` to know.
 */
export class GrantVersions {
  #sequence = 0;
  /** Counts how often everything was forgotten. */
  #epoch = 0;
  #young = new Map<GrantId, number>();
  #old = new Map<GrantId, number>();
  /** When grants changed lately, for looks that are under way. */
  #changed = new Map<GrantId, number>();
  #changedBefore = new Map<GrantId, number>();
  #turnedAt = 0;

  look(): Look {
    return { sequence: this.#sequence, epoch: this.#epoch, at: systemClock.monotonic() };
  }

  /** The grant was found as it was after that look began. */
  found(id: GrantId, { sequence, epoch, at }: Look): void {
    if (epoch !== this.#epoch || systemClock.monotonic() - at > LONGEST_LOOK_MS) return;
    if ((this.#changed.get(id) ?? this.#changedBefore.get(id) ?? 0) > sequence || this.of(id) !== undefined) return;
    if (this.#young.size >= CAPACITY / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, ++this.#sequence);
  }

  changed(id: GrantId): void {
    const now = systemClock.monotonic();
    if (now - this.#turnedAt > LONGEST_LOOK_MS) {
      this.#changedBefore = this.#changed;
      this.#changed = new Map();
      this.#turnedAt = now;
    }
    this.#changed.set(id, ++this.#sequence);
    this.#young.delete(id);
    this.#old.delete(id);
  }

  forgetAll(): void {
    this.#epoch += 1;
    this.#young.clear();
    this.#old.clear();
  }

  of(id: GrantId): number | undefined {
    return this.#young.get(id) ?? this.#old.get(id);
  }
}
