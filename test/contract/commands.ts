import fc from 'fast-check';
import { OUTAGE_CAUSES, type OutageCause } from '../../core/health';
import { HOUR, MINUTE, SECOND } from '../../core/time';
import type { AuditStore, LeaseStore, OnceStore, Store } from '../../store/store';
import { feedback } from './feedback';
import { device, START, WHOLE_TIME } from './fixtures';

export const SITES = ['rathaus', 'schule'] as const;
const GATEWAYS = ['gw-1', 'gw-2'] as const;
const SESSION_IDS = ['0A1B', 'sitzung\0ä', ''] as const;
const APS = ['ap-1', 'ap-2'] as const;

/** What answers are compared of; the audit has a suite of its own (test/privacy), and so have leases. */
export type Compared = Omit<Store, keyof AuditStore | keyof LeaseStore | keyof OnceStore | 'clockAhead'>;

/**
 * Runs commands on one store. Ids that the store draws are called by the order in which they appeared, so that the
 * answers of two stores can be compared.
 */
export class Run {
  store: Compared;
  now = START;
  readonly #grants: string[] = [];
  readonly #usernames: string[] = [];

  constructor(store: Compared) {
    this.store = store;
  }

  grant(index: number): string {
    return this.#grants[index % Math.max(1, this.#grants.length)] ?? 'never-drawn';
  }

  username(index: number): string {
    return this.#usernames[index % Math.max(1, this.#usernames.length)] ?? 'never-issued';
  }

  /** The answer with every drawn word replaced by its alias, in a form that `toEqual` compares. */
  alias(answer: unknown): unknown {
    if (answer instanceof Map) return new Map([...answer].map(([key, value]) => [key, this.alias(value)]));
    if (Array.isArray(answer)) return answer.map((value) => this.alias(value));
    if (typeof answer !== 'object' || answer === null) return answer;
    return Object.fromEntries(
      Object.entries(answer).map(([key, value]) => {
        if (key === 'id' || key === 'grantId') return [key, this.#number(this.#grants, value)];
        if (key === 'username') return [key, this.#number(this.#usernames, value)];
        return key === 'password' ? [key, 'derived'] : [key, this.alias(value)];
      }),
    );
  }

  #number(words: string[], word: unknown): number {
    if (typeof word !== 'string') throw new Error('a drawn word is missing');
    if (!words.includes(word)) words.push(word);
    return words.indexOf(word);
  }
}

export interface Command {
  readonly run: (session: Run) => Promise<unknown>;
  toString(): string;
}

function command<T>(name: string, parts: fc.Arbitrary<T>, run: (session: Run, parts: T) => Promise<unknown>) {
  return parts.map((value): Command => {
    return { run: (session) => run(session, value), toString: () => `${name}(${JSON.stringify(value)})` };
  });
}

const few = fc.nat(2);
const site = fc.constantFrom(...SITES);
const gateway = fc.constantFrom(...GATEWAYS);
const ap = fc.constantFrom(...APS);
const outageCause = fc.constantFrom<{ cause?: OutageCause }[]>({}, ...OUTAGE_CAUSES.map((cause) => ({ cause })));
const sessionId = fc.constantFrom(...SESSION_IDS);
const octets = fc.option(fc.nat(5e9), { nil: undefined });

const accounting = fc.record({
  kind: fc.constantFrom('start', 'interim', 'stop'),
  gateway,
  site,
  sessionId,
  grant: fc.option(few),
  user: fc.option(few),
  agoSeconds: fc.integer({ min: -60, max: 4000 }),
  seconds: fc.option(fc.nat(4000), { nil: undefined }),
  down: octets,
  up: octets,
});

interface Ending {
  readonly by: 'grant' | 'gateway' | 'site';
  readonly before: number | undefined;
  readonly index: number;
  readonly gateway: string;
  readonly site: string;
}

function endOf(session: Run, { by, index, gateway, site, before }: Ending): Promise<unknown> {
  const older = before === undefined ? {} : { acceptedBefore: session.now - before * MINUTE };
  const scope = by === 'grant' ? { grant: session.grant(index) } : by === 'site' ? { site, ...older } : { gateway };
  return session.store.orderEnd(scope, session.now);
}

/** Every operation of the contract, the passing of time, forgetting. */
export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: command(
      'putGrant',
      fc.record({
        ...{ site, gateway, who: few, minutes: fc.nat(600), withCredential: fc.boolean() },
        shownAgo: fc.option(fc.nat(200)),
        dayCount: fc.constantFrom(undefined, 'time', 'volume'),
      }),
      (session, { site, gateway, who, minutes, withCredential, shownAgo, dayCount }) =>
        session.store.putGrant({
          ...{
            site,
            gateway,
            device: device(who),
            termsVersion: '2026-11',
            language: who === 0 ? 'en' : 'de',
            withCredential,
          },
          ...{ now: session.now, expiresAt: session.now + minutes * MINUTE },
          ...(shownAgo !== null && { shownAt: session.now - shownAgo * MINUTE }),
          ...(dayCount !== undefined && { dayCount }),
        }),
    ),
  },
  {
    weight: 2,
    arbitrary: command('findGrant', fc.record({ site, who: few }), async ({ store, now }, { site, who }) =>
      store.findGrant(site, device(who), now),
    ),
  },
  command('getGrant', few, (session, index) => session.store.getGrant(session.grant(index), session.now)),
  command('endGrant', few, (session, index) => session.store.endGrant(session.grant(index), session.now)),
  {
    weight: 2,
    arbitrary: command(
      'takeCredential',
      fc.record({ index: few, gateway, who: few, request: fc.option(fc.nat(1), { nil: undefined }) }),
      (session, { index, gateway, who, request }) =>
        session.store.takeCredential({
          ...(request !== undefined && { request: Buffer.of(request) }),
          username: session.username(index),
          gateway,
          device: device(who),
          now: session.now,
        }),
    ),
  },
  {
    weight: 6,
    arbitrary: command(
      'applyAccounting',
      accounting,
      (session, { grant, user, agoSeconds, seconds, down, up, ...event }) =>
        session.store.applyAccounting({
          ...event,
          ...(grant !== null && { grantId: session.grant(grant) }),
          ...(user !== null && { username: session.username(user) }),
          ...(seconds !== undefined && { seconds }),
          ...(down !== undefined && { downloadOctets: down }),
          ...(up !== undefined && { uploadOctets: up }),
          ...{ eventAt: session.now - agoSeconds * SECOND, receivedAt: session.now },
        }),
    ),
  },
  command(
    'orderEnd',
    fc.record({
      by: fc.constantFrom('grant', 'gateway', 'site'),
      index: few,
      gateway,
      site,
      before: fc.option(fc.nat(200), { nil: undefined }),
    }),
    endOf,
  ),
  command('orderLimits', fc.record({ bySite: fc.boolean(), site, gateway }), (session, { bySite, site, gateway }) =>
    session.store.orderLimits(bySite ? { site } : { gateway }, session.now),
  ),
  command('usedToday', fc.record({ site, who: few }), async ({ store, now }, { site, who }) =>
    store.usedToday(site, device(who), now),
  ),
  command('putExam', fc.record({ site, minutes: fc.nat(600) }), ({ store, now }, { site, minutes }) =>
    store.putExam({ site, until: now + minutes * MINUTE }),
  ),
  command('endExam', site, ({ store, now }, site) => store.endExam(site, now)),
  command('takeDueEnds', fc.nat(2), ({ store, now }, limit) => store.takeDueEnds(now, limit, now + MINUTE)),
  command(
    'settleEnd',
    fc.record({
      ...{ gateway, sessionId, result: fc.constantFrom('done', 'session-unknown', 'refused') },
      kind: fc.constantFrom(undefined, 'limits'),
    }),
    ({ store, now }, { result, kind, ...session }) =>
      store.settleEnd({ ...session, ...(kind !== undefined && { kind }) }, result, now),
  ),
  command('deferEnd', fc.record({ gateway, sessionId }), ({ store, now }, session) =>
    store.deferEnd(session, now + 2 * MINUTE),
  ),
  command('closeSessionsOf', fc.record({ gateway, ago: fc.nat(2000) }), ({ store, now }, { gateway, ago }) =>
    store.closeSessionsOf(gateway, now - ago * SECOND, now),
  ),
  command('closeSilentSessions', fc.nat(60), ({ store, now }, minutes) =>
    store.closeSilentSessions(now - minutes * MINUTE, now),
  ),
  command('getSession', gateway, ({ store }, gateway) => store.getSession(gateway, '0A1B')),
  command('recordsOf', few, (session, index) => session.store.recordsOf(session.grant(index))),
  command('putFeedback', fc.record({ entry: few, limit: fc.nat(3) }), ({ store, now }, { entry, limit }) =>
    store.putFeedback(feedback(entry, { receivedAt: now, dueAt: now + 20 * HOUR }), limit),
  ),
  command('closeFeedback', few, ({ store, now }, entry) => store.closeFeedback(feedback(entry).reference, now)),
  command('countFeedback', fc.constant(null), ({ store, now }) => store.countFeedback(now)),
  command('countSessions', fc.constant(null), ({ store }) => store.countSessions()),
  command('putHealth', fc.record({ ap, up: fc.boolean() }), ({ store, now }, { ap, up }) =>
    store.putHealth(
      ap,
      { state: up ? 'up' : 'down', since: now, streak: 0, ...(up && { lastSeenAt: now }) },
      up ? { kind: 'close', to: now } : { kind: 'open', from: now - MINUTE },
    ),
  ),
  command('putHealth', fc.record({ ap, cause: outageCause, turns: fc.boolean() }), ({ store, now }, asked) =>
    store.putHealth(
      asked.ap,
      {
        ...{ state: 'parent-down', since: now, streak: 1, streakFrom: now, bootAt: now - HOUR },
        ...{ changes: [now - HOUR, now], refusals: 1 },
      },
      { ...(asked.turns ? { kind: 'turn', at: now - MINUTE } : { kind: 'open', from: now - MINUTE }), ...asked.cause },
    ),
  ),
  command('putMaintenance', fc.record({ id: few, minutes: fc.nat(300), early: fc.boolean() }), (session, asked) => {
    const { store, now } = session;
    const times = { from: now, to: now + asked.minutes * MINUTE, ...(asked.early && { endedAt: now + MINUTE }) };
    return store.putMaintenance({
      id: `work-${asked.id}`,
      reason: 'new switch',
      sites: ['rathaus'],
      accessPoints: [],
      ...times,
    });
  }),
  command('watch', fc.nat(10), ({ store, now }, minutes) => store.watch(now, minutes * MINUTE)),
  command('forget', fc.nat(48), ({ store, now }, hours) => store.forget(now, { historyBefore: now - hours * HOUR })),
  {
    weight: 3,
    arbitrary: command('advance', fc.nat(300), async (session, minutes) => {
      session.now += MINUTE + minutes * MINUTE;
    }),
  },
);

/** Everything that can be asked of a store without changing it. */
export async function observe(session: Run): Promise<unknown> {
  const { store, now } = session;
  const window = { from: now - 30 * HOUR, to: now };
  return session.alias({
    grants: await Promise.all(SITES.flatMap((site) => [0, 1, 2].map((who) => store.findGrant(site, device(who), now)))),
    used: await Promise.all(SITES.flatMap((site) => [0, 1, 2].map((who) => store.usedToday(site, device(who), now)))),
    exams: await store.exams(now),
    exam: await Promise.all(SITES.map((site) => store.findExam(site, now))),
    running: await store.countSessions(),
    ends: await Promise.all(
      GATEWAYS.flatMap((gateway) => SESSION_IDS.map((sessionId) => store.getEnd({ gateway, sessionId }))),
    ),
    usage: await Promise.all(
      SITES.flatMap((site) => [store.siteUsage(site, window), store.siteUsage(site, WHOLE_TIME)]),
    ),
    acceptances: await Promise.all(SITES.map((site) => store.acceptances(site, window))),
    languages: await Promise.all(SITES.map((site) => store.acceptancesByLanguage(site, window))),
    feedback: await store.listFeedback(),
    health: await store.allHealth(),
    outages: await Promise.all(APS.flatMap((ap) => [store.outages(ap, window), store.outages(ap, WHOLE_TIME)])),
    unwatched: await store.unwatched(window, MINUTE),
    maintenance: [await store.maintenance(window), await store.maintenance(WHOLE_TIME)],
  });
}
