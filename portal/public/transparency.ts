import type { Config } from '../../config/schema';
import { CREDENTIAL_LIFETIME_MS } from '../../core/grant';
import { type Audit, type Census, HISTORY_MS, RECORD_NAMES, type RecordName, recordClass } from '../../core/records';
import { dayCount } from '../../core/rules';
import { DAY, HOUR, MINUTE, type Millis, SECOND } from '../../core/time';
import type { AuditStore } from '../../store/store';
import { type Portal, storing } from '../portal';

/** What visitors read the classes of record as, in the order of the page. */
export const GROUPS = ['acceptances', 'words', 'connections', 'keys', 'messages', 'sums', 'equipment'] as const;
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Readonly<Record<RecordName, Group | undefined>> = {
  grant: 'acceptances',
  'day-use': 'acceptances',
  credential: 'words',
  'waiting-visitor': 'words',
  session: 'connections',
  'end-order': 'connections',
  'pseudonym-key': 'keys',
  feedback: 'messages',
  'acceptance-count': 'sums',
  'usage-total': 'sums',
  health: 'equipment',
  outage: 'equipment',
  unwatched: 'equipment',
  maintenance: 'equipment',
  exam: 'equipment',
  // About the store itself.
  'shared-work': undefined,
  mark: undefined,
};

/** Fewer than this, and neither how many there are nor how old they are is said of what is about people. */
const CROWD = 10;
const ABOUT_PEOPLE: readonly Group[] = ['acceptances', 'words', 'connections', 'messages'];

/** What is held of one group, so that nobody is recognised in it. */
export interface HeldGroup {
  readonly group: Group;
  /** From how many to how many. */
  readonly from: number;
  readonly to: number;
  /** About how old the oldest is; undefined if there is none, or too few to say. */
  readonly oldest?: Millis;
  /** When a record goes: so long after it was made at the latest, or so long after it was done. */
  readonly goes: { readonly when: 'most' | 'after'; readonly time: Millis };
}

export interface Transparency {
  readonly at: Millis;
  readonly held: readonly HeldGroup[];
  readonly audit: Audit | undefined;
}

/** What is over is swept away every five minutes: that is longer than some of it is good for. */
const SWEPT_WITHIN = 5 * MINUTE;

/** Counting goes through all records, so it is done at most once in this time, whoever asks. */
const FRESH = 10 * MINUTE;

/** What `/transparency` says; made when somebody asks, and kept for a while. */
export class TransparencyReport {
  readonly #portal: Portal;
  #kept: { readonly at: Millis; readonly census: Promise<Census> } | undefined;

  constructor(portal: Portal) {
    this.#portal = portal;
  }

  async get(): Promise<Transparency> {
    const { store, clock, town } = this.#portal;
    const now = clock.now();
    if (this.#kept === undefined || this.#kept.at > now || now - this.#kept.at >= FRESH) this.#count(store, now);
    const { at, census } = this.#kept ?? { at: now, census: store.census(now) };
    const [counted, audit] = await storing(Promise.all([census, store.lastAudit()]));
    return { at, audit, held: GROUPS.map((group) => heldGroup(group, counted, { at, config: town.config })) };
  }

  #count(store: AuditStore, at: Millis): void {
    const census = store.census(at);
    this.#kept = { at, census };
    census.catch(() => {
      this.#kept = undefined;
    });
  }
}

function heldGroup(group: Group, census: Census, { at, config }: { at: Millis; config: Config }): HeldGroup {
  const names = RECORD_NAMES.filter((name) => GROUP_OF[name] === group);
  const held = names.flatMap((name) => census.get(name) ?? []);
  const count = held.reduce((sum, one) => sum + one.count, 0);
  const from = count - (count % CROWD);
  const isTold = count >= CROWD || !ABOUT_PEOPLE.includes(group);
  const since = Math.min(...held.map(({ oldest = at }) => oldest));
  return {
    group,
    ...{ from, to: from + CROWD - 1 },
    ...(isTold && count > 0 && { oldest: rounded(at - since) }),
    goes: goes(group, names, config),
  };
}

/** So coarse that no single visit can be told by it, nor the five minutes until what is over is swept away. */
function rounded(age: Millis): Millis {
  const step = age < 2 * HOUR ? 10 * MINUTE : age < 2 * DAY ? HOUR : DAY;
  return Math.max(1, Math.round(age / step)) * step;
}

function goes(group: Group, names: readonly RecordName[], { sites }: Config): HeldGroup['goes'] {
  const longest = Math.max(...sites.map(({ rules }) => rules.sessionSeconds)) * SECOND;
  const countsDays = sites.some(({ rules }) => dayCount(rules) !== undefined);
  switch (group) {
    case 'acceptances':
      return { when: 'most', time: countsDays ? DAY : longest };
    case 'words':
      return { when: 'most', time: rounded(CREDENTIAL_LIFETIME_MS + SWEPT_WITHIN) };
    case 'keys':
      return { when: 'most', time: DAY + longest };
    case 'sums':
      return { when: 'most', time: HISTORY_MS };
    default:
      return { when: 'after', time: Math.max(...names.map((name) => recordClass(name).keptFor ?? 0)) };
  }
}
