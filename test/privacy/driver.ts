import type { Movable } from '../../store/move/records';
import type { Store } from '../../store/store';
import type { OpenOptions } from '../contract/fixtures';

/** One record as it lies in a store, every octet of it decoded, under the class that it is declared as. */
export interface LyingRecord {
  readonly of: string;
  /** By its path, `segments.start`; the columns of its key are among them. A field that repeats stands several times. */
  readonly fields: readonly (readonly [path: string, value: unknown])[];
  /** In how many milliseconds the database removes it by itself; negative or missing: it does not. */
  readonly left?: number;
}

/** What a driver shows so that its privacy can be proven. */
export interface ProvenDriver {
  open(options: OpenOptions): Promise<Store>;
  /** Opens it to be exported, or filled by an import. */
  openMovable(options: OpenOptions, mustBeThere: boolean): Promise<Movable>;
  /** Everything that lies in a place, whether or not its store is open. */
  records(place: string): Promise<readonly LyingRecord[]>;
  /** Classes of record that this driver never writes anywhere. */
  readonly inMemoryOnly: readonly string[];
  /** Fields that only other drivers have, as `session.stretch`; 'unseen': what lies in names and sorted sets is not told apart. */
  readonly lacks: readonly string[] | 'unseen';
}

/** The leaves of a value by their paths. */
export function leaves(value: unknown, path = ''): (readonly [path: string, value: unknown])[] {
  if (Array.isArray(value)) {
    return value.length === 0 ? [[path, value]] : value.flatMap((one: unknown) => leaves(one, path));
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [[path, value]];
  return Object.entries(value).flatMap(([name, one]) => leaves(one, path === '' ? name : `${path}.${name}`));
}
