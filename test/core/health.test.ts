import fc from 'fast-check';
import { availability, upRatio } from '../../core/availability';
import { foldHealth, type Health, type Outage, unknownSince } from '../../core/health';
import { lengthOf, outside, within } from '../../core/intervals';
import { siteStatus } from '../../core/site-status';

/** One poll a minute; `+` answered, `-` missed. */
const MINUTE = 60_000;

const POLICY = { missesUntilDown: 3, answersUntilUp: 2 };

interface Watched {
  readonly health: Health;
  readonly outages: readonly Outage[];
}

function watch(polls: string, policy = POLICY): Watched {
  let health = unknownSince(0);
  const outages: Outage[] = [];
  for (const [minute, poll] of [...polls].entries()) {
    const folded = foldHealth(health, { answered: poll === '+', at: minute * MINUTE }, policy);
    health = folded.health;
    if (folded.change?.kind === 'open') outages.push({ from: folded.change.from });
    const last = outages.at(-1);
    if (folded.change?.kind === 'close' && last !== undefined)
      outages[outages.length - 1] = { ...last, to: folded.change.to };
  }
  return { health, outages };
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
    expect(watched.outages).toEqual(
      outages.map(([from, to]) => ({ from: from * MINUTE, ...(to !== undefined && { to: to * MINUTE }) })),
    );
  });

  test('the last answer is remembered through an outage', () => {
    expect(watch('++---').health.lastSeenAt).toBe(MINUTE);
    expect(watch('++---+').health.lastSeenAt).toBe(5 * MINUTE);
    expect(watch('---').health).not.toHaveProperty('lastSeenAt');
  });

  test('a policy of one believes at once', () => {
    const policy = { missesUntilDown: 1, answersUntilUp: 1 };
    expect(watch('+-', policy)).toMatchObject({
      health: { state: 'down', since: MINUTE },
      outages: [{ from: MINUTE }],
    });
    expect(watch('+-+', policy)).toMatchObject({
      health: { state: 'up' },
      outages: [{ from: MINUTE, to: 2 * MINUTE }],
    });
  });

  test('whatever happens, outages follow one another, and the last one lasts exactly while it is down', () => {
    const policy = fc.record({
      missesUntilDown: fc.integer({ min: 1, max: 4 }),
      answersUntilUp: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('+', '-'), maxLength: 60 }), policy, (polls, policy) => {
        const { health, outages } = watch(polls, policy);
        const ends = outages.flatMap(({ from, to }) => (to === undefined ? [from] : [from, to]));
        expect(ends).toEqual([...ends].sort((a, b) => a - b));
        expect(new Set(ends).size).toBe(ends.length);
        expect(outages.slice(0, -1).every(({ to }) => to !== undefined)).toBe(true);
        expect(health.state === 'down').toBe(outages.length > 0 && outages.at(-1)?.to === undefined);
        if (health.state === 'down') expect(health.since).toBe(outages.at(-1)?.from);
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

  test.each<[string, number | undefined, Outage[], { from: number; to: number }[], unknown]>([
    ['all up', 0, [], [], { up: 100, down: 0, unknown: 0 }],
    ['never seen', undefined, [], [], { up: 0, down: 0, unknown: 100 }],
    ['seen from the middle on', 40, [], [], { up: 60, down: 0, unknown: 40 }],
    ['an outage', 0, [{ from: 10, to: 30 }], [], { up: 80, down: 20, unknown: 0 }],
    ['an outage that lasts', 0, [{ from: 90 }], [], { up: 90, down: 10, unknown: 0 }],
    ['an outage that began before', 0, [{ from: -50, to: 5 }], [], { up: 95, down: 5, unknown: 0 }],
    ['nobody watched', 0, [], [{ from: 20, to: 60 }], { up: 60, down: 0, unknown: 40 }],
    [
      'an outage while nobody watched does not count',
      0,
      [{ from: 10, to: 30 }],
      [{ from: 20, to: 60 }],
      { up: 50, down: 10, unknown: 40 },
    ],
  ])('%s', (_, firstSeenAt, outages, unwatched, expected) => {
    expect(availability(window, firstSeenAt, outages, unwatched)).toEqual(expected);
  });

  test('up + down + unknown is the window, and none of them is negative', () => {
    const outage = fc
      .tuple(interval, fc.boolean())
      .map(([{ from, to }, lasts]): Outage => (lasts ? { from } : { from, to }));
    fc.assert(
      fc.property(
        interval,
        fc.option(fc.nat(150), { nil: undefined }),
        fc.array(outage, { maxLength: 6 }),
        intervals,
        (window, seen, outages, gaps) => {
          const { up, down, unknown } = availability(window, seen, outages, gaps);
          expect(up + down + unknown).toBe(window.to - window.from);
          expect(Math.min(up, down, unknown)).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  test('the ratio is of what is known, and undefined if nothing is', () => {
    expect(upRatio({ up: 30, down: 10, unknown: 60 })).toBe(0.75);
    expect(upRatio({ up: 0, down: 10, unknown: 0 })).toBe(0);
    expect(upRatio({ up: 0, down: 0, unknown: 10 })).toBeUndefined();
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
    ['all are down: since the last went down', [health('down', 5), health('down', 8)], { state: 'down', since: 8 }],
  ])('%s', (_, all, expected) => {
    expect(siteStatus(all, 99)).toEqual(expected);
  });
});
