import fc from 'fast-check';
import { type AccountingEvent, closeSession, foldSession, isStopped, type Session, usageOf } from '../../core/session';
import { SECOND } from '../../core/time';

const T0 = Date.UTC(2026, 10, 21, 12);

/** A packet so many seconds after noon. */
function packet(kind: AccountingEvent['kind'], at: number, rest: Partial<AccountingEvent> = {}): AccountingEvent {
  const eventAt = T0 + at * SECOND;
  return { kind, gateway: 'gw', site: 'rathaus', sessionId: 's-1', eventAt, receivedAt: eventAt, ...rest };
}

const counts = (seconds: number, downloadOctets: number, uploadOctets: number) => {
  return { seconds, downloadOctets, uploadOctets };
};

interface Folded {
  readonly session: Session;
  readonly total: ReturnType<typeof counts> & { sessions: number };
}

/** Folds packets in order and adds up what each one added; nothing may ever be taken away. */
function fold(packets: readonly AccountingEvent[]): Folded {
  let session: Session | undefined;
  const total = { sessions: 0, ...counts(0, 0, 0) };
  for (const each of packets) {
    const folded = foldSession(session, each);
    for (const value of Object.values(folded.added)) expect(value).toBeGreaterThanOrEqual(0);
    session = folded.session;
    total.sessions += folded.added.sessions;
    total.seconds += folded.added.seconds;
    total.downloadOctets += folded.added.downloadOctets;
    total.uploadOctets += folded.added.uploadOctets;
  }
  if (session === undefined) throw new Error('no packets');
  expect(usageOf(session)).toEqual(counts(total.seconds, total.downloadOctets, total.uploadOctets));
  return { session, total };
}

/** One life of a session as a gateway reports it: counters only grow, times differ, clocks are a second off at most. */
const life = fc
  .record({
    begin: fc.nat(1000),
    steps: fc.array(
      fc.record({ after: fc.integer({ min: 10, max: 900 }), down: fc.nat(6e9), up: fc.nat(1e6), late: fc.nat(1) }),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
    hasStart: fc.boolean(),
    isStopped: fc.boolean(),
    startCounts: fc.boolean(),
  })
  .map(({ begin, steps, hasStart, isStopped, startCounts }) => {
    let [at, down, up] = [begin, 0, 0];
    const start = packet('start', begin, startCounts ? counts(0, 0, 0) : {});
    const reports = steps.map((step, i) => {
      at += step.after;
      down += step.down;
      up += step.up;
      const kind = isStopped && i === steps.length - 1 ? 'stop' : 'interim';
      // The gateway counts whole seconds, so the beginning that follows from a report can be one off.
      return packet(kind, at, counts(at - begin - step.late, down, up));
    });
    const last = reports.at(-1);
    const octets = { downloadOctets: down, uploadOctets: up };
    return { packets: hasStart ? [start, ...reports] : reports, octets, isStopped, lastAt: last?.eventAt };
  });

describe('folding accounting packets', () => {
  test('Start, Interim and Stop make one session with the counters of the last', () => {
    const { session, total } = fold([
      packet('start', 0, { grantId: 'grant' }),
      packet('interim', 300, counts(300, 1000, 10)),
      packet('stop', 450, counts(450, 1500, 20)),
    ]);
    expect(total).toEqual({ sessions: 1, ...counts(450, 1500, 20) });
    expect(session).toMatchObject({ gateway: 'gw', site: 'rathaus', sessionId: 's-1', grantId: 'grant' });
    expect(session.segments).toEqual([
      { start: T0, lastAt: T0 + 450_000, stoppedAt: T0 + 450_000, ...counts(450, 1500, 20) },
    ]);
    expect(isStopped(session)).toBe(true);
  });

  test('in whatever order they come and however often, the session and its totals are the same', () => {
    fc.assert(
      fc.property(
        life.chain(({ packets, ...expected }) => {
          const twice = [...packets, ...packets];
          const order = fc.shuffledSubarray(twice, { minLength: twice.length });
          return fc.record({ packets: fc.constant(packets), order, expected: fc.constant(expected) });
        }),
        ({ packets, order, expected }) => {
          const inOrder = fold(packets);
          const shuffled = fold(order);
          expect(shuffled.total).toEqual(inOrder.total);
          expect(shuffled.total).toMatchObject({ sessions: 1, ...expected.octets });
          expect(shuffled.session).toEqual(inOrder.session);
          expect(shuffled.session.segments).toHaveLength(1);
          expect(isStopped(shuffled.session)).toBe(expected.isStopped);
        },
      ),
    );
  });

  describe('where an id is one session’s alone, clocks may be set while it runs', () => {
    const MINUTE = 60;
    const set = fc.constantFrom(0, 7, -7, 10 * MINUTE, -10 * MINUTE, 60 * MINUTE, -60 * MINUTE);
    const underClocks = life.chain(({ packets, ...expected }) => {
      const twice = [...packets, ...packets].map((each) =>
        set.map((by) => ({ ...each, idIsUnique: true, eventAt: each.eventAt + by * SECOND })),
      );
      const order = fc.tuple(...twice).chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));
      return fc.record({ packets: fc.constant(packets), order, expected: fc.constant(expected) });
    });

    test('no second and no octet counts twice, in whatever order the packets come', () => {
      fc.assert(
        fc.property(underClocks, ({ packets, order, expected }) => {
          const { session, total } = fold(order);
          expect(total).toEqual(fold(packets).total);
          expect(total).toMatchObject({ sessions: 1, ...expected.octets });
          expect(session.segments).toHaveLength(1);
          expect(isStopped(session)).toBe(expected.isStopped);
        }),
      );
    });

    test('a packet that was late does not make a later one earlier', () => {
      const late = packet('interim', 11, { ...counts(8, 800, 8), idIsUnique: true });
      const next = packet('stop', 3610, { ...counts(9, 900, 9), idIsUnique: true });
      const { session, total } = fold([packet('start', 0, { idIsUnique: true }), late, next]);
      expect(total).toEqual({ sessions: 1, ...counts(9, 900, 9) });
      expect(isStopped(session)).toBe(true);
    });

    test('counters that go backwards are still those of another life', () => {
      const packets = [packet('interim', 600, counts(600, 5000, 50)), packet('interim', 5000, counts(900, 200, 60))];
      const { total } = fold(packets.map((each) => ({ ...each, idIsUnique: true })));
      expect(total).toMatchObject({ sessions: 1, downloadOctets: 5200 });
    });
  });

  test('a session goes on after it was closed, though its gateway’s clock is two hours behind', () => {
    const behind = 7200 * SECOND;
    const heard = (at: number) => ({ receivedAt: T0 + at * SECOND + behind });
    const { session } = fold([packet('interim', 300, { ...counts(300, 100, 1), ...heard(300) })]);
    const closed = closeSession(session, T0 + 1300 * SECOND + behind);
    expect(isStopped(closed)).toBe(true);
    const late = packet('interim', 900, { ...counts(900, 110, 1), ...heard(1301) });
    expect(isStopped(foldSession(closed, late).session)).toBe(true);
    const next = packet('interim', 1500, { ...counts(1500, 120, 1), ...heard(1500) });
    expect(isStopped(foldSession(closed, next).session)).toBe(false);
  });

  test('any packets at all: totals never fall, and a packet that comes again at once adds nothing', () => {
    const anyPacket = fc.record(
      {
        kind: fc.constantFrom('start', 'interim', 'stop'),
        at: fc.integer({ min: -3600, max: 90_000 }),
        seconds: fc.nat(90_000),
        downloadOctets: fc.oneof(fc.nat(2 ** 40), fc.constantFrom(Number.MAX_SAFE_INTEGER, 2 ** 52 + 1)),
        uploadOctets: fc.nat(1e9),
      },
      { requiredKeys: ['kind', 'at'] },
    );
    fc.assert(
      fc.property(fc.array(anyPacket, { minLength: 1, maxLength: 30 }), (list) => {
        const packets = list.map(({ kind, at, ...rest }) => packet(kind, at, rest));
        const once = fold(packets);
        const last = packets.at(-1);
        if (last !== undefined)
          expect(foldSession(once.session, last).added).toEqual({ sessions: 0, ...counts(0, 0, 0) });
        expect(once.session.segments.length).toBeLessThanOrEqual(8);
      }),
    );
  });

  describe('one session id that lives several times [hostapd: Start, Stop, Start, Interim, Stop]', () => {
    const first = [packet('start', 0), packet('stop', 100, counts(100, 700, 7))];
    const second = [
      packet('start', 101),
      packet('interim', 401, counts(300, 400, 4)),
      packet('stop', 501, counts(400, 500, 5)),
    ];

    test('adds up', () => {
      const { session, total } = fold([...first, ...second]);
      expect(total).toEqual({ sessions: 1, ...counts(500, 1200, 12) });
      expect(session.segments).toHaveLength(2);
      expect(isStopped(session)).toBe(true);
    });

    test('runs again after the second Start', () => {
      expect(isStopped(fold(first).session)).toBe(true);
      expect(isStopped(fold([...first, ...second.slice(0, 1)]).session)).toBe(false);
      expect(isStopped(fold([...first, ...second.slice(0, 2)]).session)).toBe(false);
    });

    test('a Stop of the first life that comes again neither counts nor ends the second', () => {
      const { session, total } = fold([...first, ...second.slice(0, 2), ...first]);
      expect(total).toEqual({ sessions: 1, ...counts(400, 1100, 11) });
      expect(isStopped(session)).toBe(false);
    });

    test('repeated as a whole it adds nothing', () => {
      expect(fold([...first, ...second, ...first, ...second]).total).toEqual(fold([...first, ...second]).total);
    });

    test.each([
      ['Stop of zero seconds and the new Start in the same second', 0],
      ['Stop and the new Start a few seconds apart', 3],
    ])('%s', (_, gap) => {
      const all = [
        packet('start', 0),
        packet('stop', 0, counts(0, 0, 0)),
        packet('start', gap),
        packet('interim', 60 + gap, counts(60, 900, 9)),
      ];
      const { session, total } = fold(all);
      expect(total).toEqual({ sessions: 1, ...counts(60, 900, 9) });
      expect(isStopped(session)).toBe(false);
      const again = fold([...all, ...all]);
      expect(again.total).toEqual(total);
      expect(isStopped(again.session)).toBe(false);
    });
  });

  test('counters that go backwards are those of a new life', () => {
    const { session, total } = fold([
      packet('interim', 600, counts(600, 5000, 50)),
      packet('interim', 900, counts(900, 200, 60)),
      packet('stop', 1200, counts(1200, 300, 70)),
    ]);
    expect(total).toMatchObject({ sessions: 1, downloadOctets: 5300, uploadOctets: 120 });
    expect(session.segments).toHaveLength(2);
  });

  test('a Start that was lost, and its successor, which began much later', () => {
    const { total } = fold([
      packet('start', 0),
      packet('interim', 300, counts(300, 100, 1)),
      packet('start', 5000),
      packet('interim', 5300, counts(300, 250, 2)),
    ]);
    expect(total).toEqual({ sessions: 1, ...counts(600, 350, 3) });
  });

  test('a gateway that never says how long a session lasts', () => {
    const octets = (downloadOctets: number) => ({ downloadOctets, uploadOctets: 0 });
    const { session, total } = fold([
      packet('start', 0),
      packet('interim', 60, octets(10)),
      packet('stop', 90, octets(30)),
    ]);
    expect(total).toEqual({ sessions: 1, ...counts(0, 30, 0) });
    expect(session.segments).toHaveLength(1);
  });

  test('more lives than are kept apart: what the oldest counted stays in the sum', () => {
    const lives = Array.from({ length: 20 }, (_, i) => [
      packet('start', 1000 * i),
      packet('stop', 1000 * i + 500, counts(500, 10, 1)),
    ]).flat();
    const { session, total } = fold(lives);
    expect(total).toEqual({ sessions: 1, ...counts(20 * 500, 200, 20) });
    expect(session.segments).toHaveLength(8);
    expect(session.earlier).toEqual(counts(12 * 500, 120, 12));
    expect(fold([...lives, ...lives]).total).toEqual(total);
  });

  test('lastSeenAt is when we last heard of it, not what the gateway’s clock says', () => {
    const { session } = fold([
      packet('start', 0, { receivedAt: T0 + 70_000 }),
      packet('interim', 60, { receivedAt: T0 + 65_000 }),
    ]);
    expect(session.lastSeenAt).toBe(T0 + 70_000);
  });
});

describe('closing a session of which no Stop came', () => {
  const running = fold([packet('start', 0), packet('interim', 300, counts(300, 100, 1))]).session;

  test('it is over, and nothing is added', () => {
    const closed = closeSession(running, T0 + 3600_000);
    expect(isStopped(closed)).toBe(true);
    expect(usageOf(closed)).toEqual(usageOf(running));
  });

  test('a late Stop from before counts what it has more, and no more', () => {
    const closed = closeSession(running, T0 + 3600_000);
    const { session, added } = foldSession(closed, packet('stop', 400, counts(400, 150, 2)));
    expect(added).toEqual({ sessions: 0, ...counts(100, 50, 1) });
    expect(isStopped(session)).toBe(true);
  });

  test('it goes on when the gateway reports on it again', () => {
    const closed = closeSession(running, T0 + 3600_000);
    const { session, added } = foldSession(closed, packet('interim', 3900, counts(3900, 180, 2)));
    expect(added).toEqual({ sessions: 0, ...counts(3600, 80, 1) });
    expect(isStopped(session)).toBe(false);
  });
});
