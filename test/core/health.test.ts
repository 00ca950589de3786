import fc from 'fast-check';
import { type Availability, availability, NOTHING, sum, upRatio, usableRatio } from '../../core/availability';
import {
  afterGap,
  foldHealth,
  type Health,
  isFlapping,
  OUTAGE_CAUSES,
  type Outage,
  type OutageChange,
  type Poll,
  presentState,
  unknownSince,
} from '../../core/health';
import { joined, lengthOf, outside, within } from '../../core/intervals';
import { siteStatus } from '../../core/site-status';

/**
 * One poll a minute: `+` answered, `-` missed, `r` refused by the host, `p` missed while the uplink is down, `?` missed
 * while the uplink is suspect, `u` not even asked, `b` answered by a host that has just started, `a` by one whose agent alone has.
 */
const MINUTE = 60_000;

const POLICY = { missesUntilDown: 3, answersUntilUp: 2, pollSeconds: 60 };

interface Watched {
  readonly health: Health;
  readonly outages: readonly Outage[];
}

const YEAR_SECONDS = 365 * 86_400;

function pollOf(sign: string, at: number): Poll {
  if (sign === '+') return { answered: true, at, uptime: { seconds: YEAR_SECONDS + at / 1000, source: 'host' } };
  if (sign === 'b') return { answered: true, at, uptime: { seconds: 40, source: 'host' } };
  if (sign === 'a') return { answered: true, at, uptime: { seconds: 40, source: 'agent' } };
  const why = ({ r: 'agent', p: 'uplink', u: 'unseen' } as const)[sign] ?? 'silent';
  return { answered: false, at, why, isUndecided: sign === '?' };
}

/** As a store would. */
function record(outages: Outage[], change: OutageChange): void {
  const cause = change.cause === undefined ? {} : { cause: change.cause };
  const last = outages.pop();
  const closed = (to: number, why = {}): Outage[] => (last === undefined ? [] : [{ ...last, to, ...why }]);
  if (change.kind === 'close') outages.push(...closed(change.to, cause));
  else if (change.kind === 'turn') outages.push(...closed(change.at), { from: change.at, ...cause });
  else outages.push(...(last === undefined ? [] : [last]), { from: change.from, ...cause });
}

function watch(polls: string, policy = POLICY): Watched {
  let health = unknownSince(0);
  const outages: Outage[] = [];
  for (const [minute, sign] of [...polls].entries()) {
    const folded = foldHealth(health, pollOf(sign, minute * MINUTE), policy);
    health = folded.health;
    if (folded.change !== undefined) record(outages, folded.change);
  }
  return { health, outages };
}

/** `1-4 power`: from the first minute to the fourth. */
function shown({ outages }: Watched): string[] {
  const minute = (at: number | undefined): string => (at === undefined ? '' : String(at / MINUTE));
  return outages.map(({ from, to, cause }) => `${minute(from)}-${minute(to)}${cause ? ` ${cause}` : ''}`);
}

describe('health of an access point', () => {
  test.each<[string, string, Health['state'], number, readonly [number, number?][]]>([
    ['nothing is known before the first poll', '', 'unknown', 0, []],
    ['one that never answers stays unknown', '-----', 'unknown', 0, []],
    ['the first answer makes it up', '--+', 'up', 2, []],
    ['one miss makes it suspect; it is up since the beginning', '++-', 'suspect', 0, []],
    ['two misses are not down yet', '++--', 'suspect', 0, []],
    ['an answer clears the suspicion', '++--+', 'up', 0, []],
    ['misses that are not in a row do not add up', '+--+--+--', 'suspect', 0, []],
    ['three misses are down, since the first of them', '++---', 'down', 2, [[2]]],
    ['more misses change nothing', '++------', 'down', 2, [[2]]],
    ['one answer does not make it up', '+---+', 'down', 1, [[1]]],
    ['one answer and a miss begin anew', '+---+-+', 'down', 1, [[1]]],
    ['two answers make it up, since the first of them', '+---++', 'up', 4, [[1, 4]]],
    ['a second outage is another', '+---++---', 'down', 6, [[1, 4], [6]]],
  ])('%s: %s', (_, polls, state, since, outages) => {
    const watched = watch(polls);
    expect(watched.health).toMatchObject({ state, since: since * MINUTE });
    expect(shown(watched)).toEqual(
      outages.map(([from, to]) => (to === undefined ? `${from}-` : `${from}-${to} network`)),
    );
  });

  test.each<[string, string, Health['state'], readonly string[]]>([
    ['it ran through: the network', '++----++', 'up', ['2-6 network']],
    ['it started anew: power', '++----bb', 'up', ['2-6 power']],
    ['only its agent started anew: not known', '++----aa', 'up', ['2-6']],
    ['the host refuses: only its agent is silent', '++rrr', 'down', ['2- agent']],
    ['one refusal got lost', '++r-r', 'down', ['2- agent']],
    ['a host that starts refuses once before its agent runs', '++----rbb', 'up', ['2-7 power']],
    ['the agent comes back', '++rrrr++', 'up', ['2-6 agent']],
    ['the host goes as well', '++rrrr---', 'down', ['2-6 agent', '6-']],
    ['one lost refusal is not that', '++rrrr-r-r', 'down', ['2- agent']],
    ['the host is back without its agent', '++----rrr', 'down', ['2-6', '6- agent']],
    ['its uplink is down', '++--p', 'parent-down', ['2- uplink']],
    ['its uplink is suspect: wait', '++---?????', 'down', ['2-']],
    ['its uplink is suspect, then down', '++--??p', 'parent-down', ['2- uplink']],
    ['its uplink was only suspect', '++--??-', 'down', ['2-']],
    ['an answer while its uplink is suspect', '++--??+', 'up', []],
    ['back together with its uplink', '++--pppp++', 'up', ['2-8 uplink']],
    ['a little later than its uplink, as it still starts', '++--pppp--++', 'up', ['2-10 uplink']],
    ['its uplink is back, it is not', '++--pppp---', 'down', ['2-8 uplink', '8-']],
    ['one that is broken itself stays so while its uplink is down', '++---pppp', 'down', ['2-']],
    ['the controller has no way to it', '++--u', 'down', ['2- unseen']],
    ['it was on, and only the controller had no way to it', '++uuuu++', 'up', ['2-6 unseen']],
    ['the way is there again, it is not', '++uuuu---', 'down', ['2-6 unseen', '6-']],
    ['answers in between count anew', '++--pppp-+-+-', 'parent-down', ['2- uplink']],
  ])('%s: %s', (_, polls, state, outages) => {
    const watched = watch(polls);
    expect([watched.health.state, shown(watched)]).toEqual([state, outages]);
  });

  test('an uptime that wraps after 497 days during an outage is no start', () => {
    const wrap = 2 ** 32 / 100;
    const at = (minute: number, seconds: number): Poll => {
      return { answered: true, at: minute * MINUTE, uptime: { seconds, source: 'host' } };
    };
    const polls = [
      ...[at(0, wrap - 100), at(1, wrap - 40)],
      ...[2, 3, 4].map((minute) => pollOf('-', minute * MINUTE)),
      ...[at(5, 200), at(6, 260)],
    ];
    let health = unknownSince(0);
    const outages: Outage[] = [];
    for (const poll of polls) {
      const folded = foldHealth(health, poll, POLICY);
      health = folded.health;
      if (folded.change) record(outages, folded.change);
    }
    expect(shown({ health, outages })).toEqual(['2-5 network']);
  });

  test('five changes within half an hour are flapping, which ends when they are longer ago', () => {
    const flapping = watch('+---++---++---').health;
    expect(isFlapping(flapping, 14 * MINUTE)).toBe(true);
    expect(isFlapping(flapping, 34 * MINUTE)).toBe(false);
    expect(flapping.state).toBe('down');
    expect(isFlapping(watch('+---++---++').health, 11 * MINUTE)).toBe(false);
    expect(isFlapping(watch('+--p++--p++--p').health, 14 * MINUTE)).toBe(false);
  });

  test('a gap breaks streaks off and keeps everything else', () => {
    expect(afterGap(watch('++-r').health)).toEqual({ ...watch('++').health });
    expect(afterGap(watch('++rrr+').health)).toMatchObject({ state: 'down', cause: 'agent', streak: 0 });
  });

  test.each([
    [false, false, 'down'],
    [true, false, 'unknown'],
    [false, true, 'maintenance'],
    [true, true, 'maintenance'],
  ])('shown while the controller is blind: %s, in maintenance: %s', (isBlind, inMaintenance, state) => {
    expect(presentState(watch('++---').health, { isBlind, inMaintenance })).toBe(state);
  });

  test('the last answer is remembered through an outage', () => {
    expect(watch('++---').health.lastSeenAt).toBe(MINUTE);
    expect(watch('++---+').health.lastSeenAt).toBe(5 * MINUTE);
    expect(watch('---').health).not.toHaveProperty('lastSeenAt');
  });

  test('a policy of one believes at once', () => {
    const policy = { ...POLICY, missesUntilDown: 1, answersUntilUp: 1 };
    expect(watch('+-', policy)).toMatchObject({
      health: { state: 'down', since: MINUTE },
      outages: [{ from: MINUTE }],
    });
    expect(watch('+-+', policy)).toMatchObject({
      health: { state: 'up' },
      outages: [{ from: MINUTE, to: 2 * MINUTE, cause: 'network' }],
    });
  });

  test('whatever happens, outages follow one another, and the last one lasts exactly while it is down', () => {
    const policy = fc.record({
      missesUntilDown: fc.integer({ min: 1, max: 4 }),
      answersUntilUp: fc.integer({ min: 1, max: 3 }),
      pollSeconds: fc.constant(60),
    });
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'+-rp?b'), maxLength: 60 }), policy, (polls, policy) => {
        const { health, outages } = watch(polls, policy);
        const ends = outages.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to]));
        expect(ends).toEqual([...ends].sort((a, b) => a - b));
        expect(outages.every(({ from, to }) => to === undefined || from < to)).toBe(true);
        expect(outages.slice(0, -1).every(({ to }) => to !== undefined)).toBe(true);
        const isDown = health.state === 'down' || health.state === 'parent-down';
        expect(isDown).toBe(outages.length > 0 && outages.at(-1)?.to === undefined);
        if (!isDown) return;
        expect(health.since).toBe(outages.at(-1)?.from);
        expect(health.state === 'parent-down').toBe(outages.at(-1)?.cause === 'uplink');
      }),
    );
  });
});

const interval = fc.tuple(fc.nat(100), fc.nat(40)).map(([from, length]) => ({ from, to: from + length }));
const intervals = fc.array(interval, { maxLength: 8 });

describe('intervals', () => {
  const covers = (list: readonly { from: number; to: number }[], at: number) =>
    list.some(({ from, to }) => from <= at && at < to);

  test('within and outside part the window, whatever the intervals', () => {
    fc.assert(
      fc.property(interval, intervals, (window, list) => {
        const [inner, outer] = [within(window, list), outside(window, list)];
        expect(lengthOf(inner) + lengthOf(outer)).toBe(window.to - window.from);
        for (let at = 0; at < 140; at += 1) {
          const isInside = covers([window], at);
          expect(covers(inner, at)).toBe(isInside && covers(list, at));
          expect(covers(outer, at)).toBe(isInside && !covers(list, at));
        }
        const ends = inner.flatMap(({ from, to }) => [from, to]);
        expect(ends).toEqual([...new Set(ends)].sort((a, b) => a - b));
      }),
    );
  });
});

describe('availability', () => {
  const window = { from: 0, to: 100 };
  const parts = (some: Partial<Availability>): Availability => ({ ...NOTHING, ...some });
  type Gaps = { from: number; to: number }[];

  test.each<[string, number | undefined, Outage[], Gaps, Gaps, Partial<Availability>]>([
    ['all up', 0, [], [], [], { up: 100 }],
    ['never seen', undefined, [], [], [], { unknown: 100 }],
    ['seen from the middle on', 40, [], [], [], { up: 60, unknown: 40 }],
    ['an outage', 0, [{ from: 10, to: 30, cause: 'power' }], [], [], { up: 80, down: 20 }],
    ['an outage that lasts', 0, [{ from: 90 }], [], [], { up: 90, down: 10 }],
    ['an outage that began before', 0, [{ from: -50, to: 5 }], [], [], { up: 95, down: 5 }],
    ['its uplink was down', 0, [{ from: 10, to: 30, cause: 'uplink' }], [], [], { up: 80, parentDown: 20 }],
    ['only its agent was silent', 0, [{ from: 10, to: 30, cause: 'agent' }], [], [], { up: 80, unknown: 20 }],
    ['nobody could ask it', 0, [{ from: 10, to: 30, cause: 'unseen' }], [], [], { up: 80, unknown: 20 }],
    ['nobody watched', 0, [], [{ from: 20, to: 60 }], [], { up: 60, unknown: 40 }],
    [
      'an outage while nobody watched',
      0,
      [{ from: 10, to: 30 }],
      [{ from: 20, to: 60 }],
      [],
      { up: 50, down: 10, unknown: 40 },
    ],
    ['planned work', 0, [], [], [{ from: 20, to: 60 }], { up: 60, maintenance: 40 }],
    [
      'an outage that outlasts the work',
      0,
      [{ from: 30, to: 70 }],
      [],
      [{ from: 20, to: 60 }],
      { up: 50, down: 10, maintenance: 40 },
    ],
    [
      'work that nobody watched is work',
      0,
      [],
      [{ from: 20, to: 60 }],
      [{ from: 20, to: 60 }],
      { up: 60, maintenance: 40 },
    ],
  ])('%s', (_, firstSeenAt, outages, unwatched, maintenance, expected) => {
    expect(availability([window], { firstSeenAt, outages, unwatched, maintenance })).toEqual(parts(expected));
  });

  test('only opening hours count, and an open outage up to now', () => {
    const hours = [
      { from: 0, to: 10 },
      { from: 50, to: 60 },
    ];
    const history = { firstSeenAt: -5, outages: [{ from: 5, to: 52 }, { from: 58 }], unwatched: [] };
    expect(availability(hours, history)).toEqual(parts({ up: 11, down: 9 }));
    expect(availability([], history)).toEqual(NOTHING);
  });

  const outage = fc
    .record({
      span: interval,
      lasts: fc.boolean(),
      cause: fc.option(fc.constantFrom(...OUTAGE_CAUSES), { nil: undefined }),
    })
    .map(({ span: { from, to }, lasts, cause }): Outage => ({ from, ...(!lasts && { to }), ...(cause && { cause }) }));
  const history = fc.record({
    firstSeenAt: fc.option(fc.nat(150), { nil: undefined }),
    outages: fc.array(outage, { maxLength: 6 }),
    ...{ unwatched: intervals, maintenance: intervals },
  });
  const total = (of: Availability): number => Object.values(of).reduce((a, b) => a + b, 0);

  test('the parts sum to the time asked about, and none of them is negative', () => {
    fc.assert(
      fc.property(intervals, history, (spans, history) => {
        const all = availability(spans, history);
        expect(total(all)).toBe(lengthOf(joined(spans)));
        expect(Math.min(...Object.values(all))).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('the order in which things are kept does not matter', () => {
    fc.assert(
      fc.property(intervals, history, (spans, history) => {
        const { firstSeenAt, outages, unwatched, maintenance } = history;
        const turned = {
          firstSeenAt,
          ...{
            outages: outages.toReversed(),
            unwatched: unwatched.toReversed(),
            maintenance: maintenance.toReversed(),
          },
        };
        expect(availability(spans.toReversed(), turned)).toEqual(availability(spans, history));
      }),
    );
  });

  test('two halves of a time sum to the whole, if no outage lasts', () => {
    fc.assert(
      fc.property(fc.nat(100), history, (cut, history) => {
        const ended = {
          ...history,
          outages: history.outages.map(({ from, to = from + 7, ...rest }) => ({ from, to, ...rest })),
        };
        const halves = [
          { from: 0, to: cut },
          { from: cut, to: 100 },
        ].map((half) => availability([half], ended));
        expect(sum(halves)).toEqual(availability([window], ended));
      }),
    );
  });

  test('the ratios are of what is known, undefined if nothing is, with and without what the uplink did', () => {
    expect(upRatio(parts({ up: 30, down: 10, unknown: 60, maintenance: 7 }))).toBe(0.75);
    expect(upRatio(parts({ up: 30, down: 10, parentDown: 60 }))).toBe(0.75);
    expect(usableRatio(parts({ up: 30, down: 10, parentDown: 60, unknown: 9 }))).toBe(0.3);
    expect(upRatio(parts({ down: 10 }))).toBe(0);
    expect(upRatio(parts({ unknown: 10 }))).toBeUndefined();
  });
});

describe('the status of a site', () => {
  const health = (state: Health['state'], since: number): Health => ({ state, since, streak: 0 });

  test.each<[string, Health[], unknown]>([
    ['no access point', [], { state: 'unknown', since: 99 }],
    ['none was ever seen', [health('unknown', 3), health('unknown', 1)], { state: 'unknown', since: 1 }],
    ['all are up: since the last came up', [health('up', 3), health('up', 7)], { state: 'works', since: 7 }],
    ['a suspect one still works', [health('suspect', 3)], { state: 'works', since: 3 }],
    [
      'one never seen says nothing about the others',
      [health('up', 3), health('unknown', 8)],
      { state: 'works', since: 3 },
    ],
    [
      'one of two is down: since the first went down',
      [health('up', 1), health('down', 5), health('down', 4)],
      { state: 'partly', since: 4 },
    ],
    [
      'what its uplink does to it is down as well',
      [health('up', 1), health('parent-down', 5)],
      { state: 'partly', since: 5 },
    ],
    ['all are down: since the last went down', [health('down', 5), health('down', 8)], { state: 'down', since: 8 }],
  ])('%s', (_, all, expected) => {
    expect(siteStatus(all, 99)).toEqual(expected);
  });

  test('planned work is named only if nothing else is wrong', () => {
    const work = { state: 'maintenance', since: 7 } as const;
    expect(siteStatus([health('up', 1), work], 99)).toEqual({ state: 'maintenance', since: 7 });
    expect(siteStatus([health('down', 8), work], 99)).toEqual({ state: 'down', since: 8 });
  });
});
