import type { PrivacyClass } from '../../core/privacy';
import { AUDIT_TOLERANCE_MS, HISTORY_MS, RECORD_NAMES, type RecordName, recordClass } from '../../core/records';
import { DAY, HOUR, MINUTE, type Millis, startOfMonth } from '../../core/time';
import { ManualClock } from '../../runtime/clock';
import { silentLog } from '../../runtime/log';
import { Housekeeping } from '../../store/housekeeping';
import type { Store } from '../../store/store';
import { CONTEXT, request, START } from '../contract/fixtures';
import { busyDay, noting } from './busy-day';
import type { LyingRecord, ProvenDriver } from './driver';

/** Until when each class of record may be there after a busy day, from its beginning. The store forgets every 5 minutes. */
const ENDS: Readonly<Record<RecordName, Millis | 'never'>> = {
  credential: 2 * MINUTE,
  'waiting-visitor': 2 * MINUTE,
  // The last report came after ten minutes, and three were missed.
  session: 10 * MINUTE + 15 * MINUTE + 5 * MINUTE,
  // Ordered after twenty minutes; the gateway is gone.
  'end-order': 20 * MINUTE + HOUR + 5 * MINUTE,
  grant: 70 * MINUTE,
  exam: 2 * HOUR,
  // At four in the morning.
  'day-use': 5.5 * HOUR,
  'pseudonym-key': 5.5 * HOUR,
  feedback: 30 * DAY,
  'acceptance-count': HOUR + HISTORY_MS,
  'usage-total': HOUR + HISTORY_MS,
  outage: HOUR + HISTORY_MS,
  maintenance: HOUR + HISTORY_MS,
  unwatched: HISTORY_MS,
  health: HOUR + HISTORY_MS,
  'shared-work': 'never',
  mark: 'never',
};

/** What the store may take to notice. */
const FORGETTING = 10 * MINUTE;

/** Each record and field that lies in a store is declared; each class of record ends in its time. */
export function recordsContract(name: string, driver: ProvenDriver): void {
  const written = RECORD_NAMES.filter((of) => !driver.inMemoryOnly.includes(of));

  describe(`${name}: what lies there`, () => {
    let lying: readonly LyingRecord[];
    let uncalled: string[];

    beforeAll(async () => {
      const opened = await driver.open({ ...CONTEXT, place: 'busy' });
      const { store, called } = noting(opened);
      await busyDay(store);
      await opened.close();
      uncalled = Object.keys(opened).filter((operation) => operation !== 'close' && !called.has(operation));
      await moveBusyTown(driver);
      lying = [...(await driver.records('busy')), ...(await driver.records('filled'))];
    });

    test('comes from every operation that a store has', () => {
      expect(uncalled).toEqual([]);
    });

    test('is declared in core/records, field by field, and nothing is declared that does not lie there', () => {
      if (driver.lacks === 'unseen') expect(undeclaredIn(lying)).toEqual([]);
      else expect(fieldsOf(lying)).toEqual(declared(written, driver.lacks));
    });

    test('a field or a class of record that nobody declared is noticed', () => {
      const field = { of: 'grant', fields: [['vendor', 'Example']] as const };
      const record = { of: 'lease', fields: [['ip', '10.0.0.1']] as const };
      expect(undeclaredIn([...lying, field])).toEqual(['grant.vendor']);
      expect(undeclaredIn([...lying, record])).toEqual(['lease.ip']);
    });

    test('is of the form that its privacy class promises', () => {
      const valuesOf = (wanted: PrivacyClass) =>
        lying.flatMap(({ of, fields }) => fields.filter(([path]) => classOf(of, path) === wanted).map(([, at]) => at));
      expect(valuesOf('device').length).toBeGreaterThan(3);
      expect(valuesOf('device').filter((code) => !(Buffer.isBuffer(code) && code.length === 16))).toEqual([]);
      expect(valuesOf('key').filter((key) => !(Buffer.isBuffer(key) && key.length === 60))).toEqual([]);
      const drawn = /^([\w-]{22}|[\w-]{43}|[\w-]{4}-[\w-]{4}|a-word-that-we-made-00|another-word-of-ours-0)$/;
      expect(valuesOf('random').filter((word) => !Buffer.isBuffer(word) && !drawn.test(String(word)))).toEqual([]);
      // Empty: what is counted by the version, not by the language, and the other way round.
      expect(valuesOf('count').filter((value) => !/^[\w-]*$/.test(String(value)))).toEqual([]);
    });

    test('counts a language for a month only: by the hour it would tell when its one reader was there', async () => {
      const store = await driver.open({ ...CONTEXT, place: 'languages' });
      await store.putGrant(request(1));
      await store.close();
      const counts = (await driver.records('languages'))
        .filter(({ of }) => of === 'acceptance-count')
        .map(({ fields }) => new Map(fields));
      const ofLanguages = counts.filter((fields) => fields.has('language') && fields.get('language') !== '');
      if (driver.lacks !== 'unseen') expect(ofLanguages.length).toBeGreaterThan(0);
      const finer = ofLanguages.filter((fields) => fields.get('hour') !== startOfMonth(Number(fields.get('hour'))));
      expect(finer).toEqual([]);
    });
  });

  describe(`${name}: the end of each class of record`, () => {
    const left = new Map<RecordName, number>();

    beforeAll(async () => {
      const open = () => driver.open({ ...CONTEXT, place: 'ending' });
      const store = await open();
      await busyDay(store);
      await store.closeFeedback('7K3Q-9MX1', START);
      // Their access points are watched no more.
      for (const ap of ['ap-hall', 'ap-roof']) await retire(store, ap, START + HOUR);
      await store.close();
      const moments = [...new Set(Object.values(ENDS))].filter((at) => at !== 'never').sort((a, b) => a - b);
      for (const moment of moments) {
        const reopened = await open();
        await housekeep(reopened, START + moment);
        await reopened.close();
        const records = await driver.records('ending');
        for (const of of RECORD_NAMES) {
          if (ENDS[of] === moment)
            left.set(of, records.filter((record) => record.of === of && !((record.left ?? -1) > 0)).length);
        }
      }
    });

    test.each(RECORD_NAMES.filter((of) => ENDS[of] !== 'never'))('%s: nothing of it is left', (of) => {
      expect(left.get(of)).toBe(0);
    });

    test('what never ends is nobody’s', () => {
      const lasting = RECORD_NAMES.filter((of) => recordClass(of).keptFor === undefined);
      expect(lasting).toEqual(RECORD_NAMES.filter((of) => ENDS[of] === 'never'));
      expect(lasting.filter((of) => recordClass(of).subjects !== 'nobody')).toEqual([]);
    });
  });

  describe(`${name}: the audit`, () => {
    test('counts what is held and since when, and finds each class of record that was not forgotten in time', async () => {
      const store = await driver.open({ ...CONTEXT, place: 'audited' });
      await busyDay(store);
      const fresh = await store.census(START + 30 * MINUTE);
      expect([...fresh.values()].filter(({ overdue }) => overdue > 0)).toEqual([]);
      expect(fresh.get('grant')).toMatchObject({ count: 2, oldest: START });
      expect(fresh.get('feedback')).toMatchObject({ count: 2, oldest: START });
      expect(fresh.get('pseudonym-key')).toMatchObject({ count: 1, oldest: Date.UTC(2026, 10, 20, 3) });

      const late = await store.census(START + HISTORY_MS + HOUR + AUDIT_TOLERANCE_MS + MINUTE);
      const found = [...late].filter(([, { overdue }]) => overdue > 0).map(([of]) => of);
      // The access points are still watched, and nobody has answered one of the messages.
      const expected = RECORD_NAMES.filter((of) => ENDS[of] !== 'never' && of !== 'health' && written.includes(of));
      expect(found.toSorted()).toEqual(expected.toSorted());
      expect(late.get('feedback')).toMatchObject({ count: 2, overdue: 1 });
      await store.close();
    });
  });
}

/** As far as its records are written: it is still marked as one that is being filled. */
async function moveBusyTown(driver: ProvenDriver): Promise<void> {
  const from = await driver.openMovable({ ...CONTEXT, place: 'busy' }, true);
  const to = await driver.openMovable({ ...CONTEXT, place: 'filled' }, false);
  await to.beginFilling();
  for await (const record of from.records()) await to.put([record]);
  await Promise.all([from.close(), to.close()]);
}

async function retire(store: Store, ap: string, at: Millis): Promise<void> {
  await store.putHealth(ap, { state: 'unknown', since: at, streak: 0 }, { kind: 'close', to: at });
}

/** Lets the store be looked after at that moment and a little later: what is closed then has to go as well. */
async function housekeep(store: Store, moment: Millis): Promise<void> {
  for (const from of [moment, moment + FORGETTING]) {
    const clock = new ManualClock(from);
    const housekeeping = new Housekeeping(store, clock, silentLog);
    await housekeeping.start();
    await clock.advance(2 * MINUTE);
    await housekeeping.stop();
  }
}

function classOf(of: string, path: string): PrivacyClass | undefined {
  const name = RECORD_NAMES.find((known) => known === of);
  return name === undefined ? undefined : recordClass(name).fields[path]?.[0];
}

/** The fields of each class of record, in order. */
function fieldsOf(records: readonly LyingRecord[]): Record<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const { of, fields } of records) {
    const paths = found.get(of) ?? new Set<string>();
    for (const [path, value] of fields) if (value !== undefined) paths.add(path);
    found.set(of, paths);
  }
  return Object.fromEntries([...found].map(([of, paths]) => [of, [...paths].sort()]));
}

function undeclaredIn(records: readonly LyingRecord[]): string[] {
  return Object.entries(fieldsOf(records)).flatMap(([of, paths]) =>
    paths.filter((path) => classOf(of, path) === undefined).map((path) => `${of}.${path}`),
  );
}

function declared(names: readonly RecordName[], lacks: readonly string[]): Record<string, string[]> {
  const paths = (of: RecordName) =>
    Object.keys(recordClass(of).fields).filter((path) => !lacks.includes(`${of}.${path}`));
  return Object.fromEntries(names.map((of) => [of, paths(of).sort()]));
}
