import type { Exam } from '../../core/exam';
import { FEEDBACK_AFTERGLOW_MS, type Feedback } from '../../core/feedback';
import { type Grant, isLive } from '../../core/grant';
import type { Interval } from '../../core/intervals';
import type { DeviceAddress } from '../../core/mac';
import { FEWEST_TOLD } from '../../core/privacy';
import { keyScope } from '../../core/pseudonym';
import {
  type AccountingEvent,
  closeSession,
  foldSession,
  isHeardOfSince,
  isStopped,
  type Session,
} from '../../core/session';
import { type EndOrder, isOver, KEEP_OUT_AFTER_MS } from '../../core/session-end';
import { HOUR, type Millis, startOfHour, startOfMonth } from '../../core/time';
import { type HourlyUsage, SESSION_AFTERGLOW_MS } from '../../store/store';
import type { Compared } from './commands';
import { healthModel } from './health-model';
import { waitingModel } from './waiting-model';

type Kept<T> = { -readonly [Key in keyof T]: T[Key] };
type KeptGrant = Kept<Grant> & { device: DeviceAddress; day: string; dayCount?: 'time' | 'volume' };
type KeptUse = { site: string; device: DeviceAddress; day: string; octets: number; seconds: number };
type Credential = {
  username: string;
  grantId: string;
  gateway: string;
  expiresAt: Millis;
  used: boolean;
  by?: Buffer | undefined;
};

/** Of which acceptances are counted: those of a version within an hour, or those in a language within a month. */
interface Acceptances {
  readonly site: string;
  readonly from: Millis;
  readonly termsVersion: string;
  readonly language: string;
}

/**
 * The contract as plainly as it can be written: lists in memory, no key, no file, no haste. Drivers are compared with it.
 */
export function modelStore(timeZone: string): Compared {
  let drawn = 0;
  let grants: KeptGrant[] = [];
  let uses: KeptUse[] = [];
  const exams = new Map<string, Exam>();
  let credentials: Credential[] = [];
  const redeemedAs = (username: string | undefined, now: Millis) =>
    credentials.find((issued) => issued.username === username && issued.used && now < issued.expiresAt);
  let acceptances: (Acceptances & { count: number })[] = [];
  let sessions: { session: Session; endedAt?: Millis }[] = [];
  let ends: EndOrder[] = [];
  let usage: (Kept<HourlyUsage> & { site: string })[] = [];
  const healthKept = healthModel();
  let feedback: Feedback[] = [];

  const word = () => `word-${++drawn}`;
  const toGrant = ({ device: _device, day: _day, dayCount: _count, ...grant }: KeptGrant): Grant => ({ ...grant });
  const live = (site: string, device: DeviceAddress, now: Millis) =>
    grants.find((grant) => grant.site === site && grant.device.equals(device) && isLive(grant, now));
  const secondsOf = ({ acceptedAt, expiresAt }: Grant, now: Millis) =>
    Math.ceil(Math.max(0, Math.min(now, expiresAt) - acceptedAt) / 1000);
  const useOf = (site: string, device: DeviceAddress, day: string): KeptUse => {
    let use = uses.find((kept) => kept.site === site && kept.device.equals(device) && kept.day === day);
    if (use === undefined) {
      use = { site, device, day, octets: 0, seconds: 0 };
      uses.push(use);
    }
    return use;
  };
  /** Removes grants; what they used is kept if it counts by day. */
  const drop = (test: (grant: KeptGrant) => boolean, now: Millis) => {
    for (const grant of grants.filter(test)) {
      if (grant.dayCount === undefined) continue;
      const use = useOf(grant.site, grant.device, grant.day);
      if (grant.dayCount === 'volume') use.octets += grant.usedOctets;
      use.seconds += secondsOf(grant, now);
    }
    grants = grants.filter((grant) => !test(grant));
  };
  const find = (gateway: string, sessionId: string) =>
    sessions.find(({ session }) => session.gateway === gateway && session.sessionId === sessionId);
  const keep = (session: Session, at: Millis) => {
    sessions = sessions.filter((kept) => kept !== find(session.gateway, session.sessionId));
    const { grantId: _, username: __, ...rest } = session;
    sessions.push(isStopped(session) ? { session: rest, endedAt: at } : { session });
    noteEnd(session, at);
  };
  const endOf = ({ gateway, sessionId }: { gateway: string; sessionId: string }) =>
    ends.find((order) => order.gateway === gateway && order.sessionId === sessionId);
  const replaceEnd = (order: EndOrder, next?: EndOrder) => {
    ends = [...ends.filter((kept) => kept !== order), ...(next === undefined ? [] : [next])];
  };
  const noteEnd = (session: Session, at: Millis) => {
    const order = endOf(session);
    if (order === undefined) return;
    const { settled, username: _, ...rest } = order;
    const { username } = session;
    const isSettledAsOver = settled !== undefined && isOver(settled.result);
    if (isStopped(session)) {
      if (settled?.result !== 'done') replaceEnd(order, { ...rest, settled: { at, result: 'done' } });
    } else if (rest.kind !== undefined) return;
    else if (isSettledAsOver && grants.some(({ id }) => id === session.grantId)) replaceEnd(order);
    else if (isSettledAsOver) {
      const dueAt = Math.max(at, order.orderedAt + KEEP_OUT_AFTER_MS);
      replaceEnd(order, { ...rest, ...(username !== undefined && { username }), dueAt, tries: 0 });
    }
  };
  const changeEnd = (
    name: { gateway: string; sessionId: string; kind?: 'limits' },
    change: (order: EndOrder) => EndOrder,
  ) => {
    const order = endOf(name);
    if (order !== undefined && order.settled === undefined && order.kind === name.kind)
      replaceEnd(order, change(order));
  };
  const closeWhere = (test: (session: Session) => boolean, now: Millis): number => {
    const closing = sessions.filter(({ session, endedAt }) => endedAt === undefined && test(session));
    for (const { session } of closing) keep(closeSession(session, now), now);
    return closing.length;
  };
  const overlaps = ({ from, to }: { from: Millis; to?: Millis }, window: Interval) =>
    from < window.to && (to === undefined || to > window.from);
  const inHour = (hour: Millis, window: Interval) => overlaps({ from: hour, to: hour + HOUR }, window);
  const countOne = (what: Acceptances) => {
    const isSame = (kept: Acceptances) =>
      kept.site === what.site &&
      kept.from === what.from &&
      kept.termsVersion === what.termsVersion &&
      kept.language === what.language;
    const known = acceptances.find(isSame);
    if (known === undefined) acceptances.push({ ...what, count: 1 });
    else known.count += 1;
  };

  return {
    putGrant: async (request) => {
      const { site, gateway, device, termsVersion, language, now, withCredential, shownAt, dayCount } = request;
      const { day } = keyScope(site, now, timeZone);
      const before = live(site, device, now);
      const renews = before !== undefined && before.day === day;
      const repeats = renews && shownAt !== undefined && shownAt <= before.acceptedAt;
      const isSame = (kept: KeptGrant) => kept.site === site && kept.device.equals(device) && kept.day === day;
      const use = useOf(site, device, day);
      if (renews && !repeats && before.dayCount !== undefined) use.seconds += secondsOf(before, now);
      // What was granted to the device on this day goes, whether or not it has expired.
      if (!renews) drop((kept) => kept === before || isSame(kept), now);
      const grant: KeptGrant = {
        id: renews ? before.id : word(),
        usedOctets: renews ? before.usedOctets : dayCount === 'volume' ? use.octets : 0,
        ...{ site, gateway, termsVersion, device, day, ...(dayCount !== undefined && { dayCount }) },
        acceptedAt: repeats ? before.acceptedAt : now,
        expiresAt: repeats ? before.expiresAt : request.expiresAt,
      };
      if (!renews && dayCount === 'volume') use.octets = 0;
      grants = [...grants.filter((kept) => kept !== before), grant];
      if (!repeats) {
        countOne({ site, from: startOfHour(now), termsVersion, language: '' });
        countOne({ site, from: startOfMonth(now), termsVersion: '', language });
      }
      if (renews) credentials = credentials.filter(({ grantId, used }) => used || grantId !== grant.id);
      if (!withCredential) return { grant: toGrant(grant) };
      const credential = { username: word(), expiresAt: now + 120_000 };
      credentials.push({ ...credential, grantId: grant.id, gateway, used: false });
      return { grant: toGrant(grant), credential: { ...credential, password: `password of ${credential.username}` } };
    },
    findGrant: async (site, device, now) => {
      const grant = live(site, device, now);
      return grant && toGrant(grant);
    },
    usedToday: async (site, device, now) => {
      const { day } = keyScope(site, now, timeZone);
      const use = useOf(site, device, day);
      const lying = grants.filter((kept) => kept.site === site && kept.device.equals(device) && kept.day === day);
      const counted = lying.filter(({ dayCount }) => dayCount !== undefined);
      return {
        octets: use.octets + counted.reduce((sum, one) => sum + (one.dayCount === 'volume' ? one.usedOctets : 0), 0),
        seconds: use.seconds + counted.reduce((sum, one) => sum + secondsOf(one, now), 0),
      };
    },
    getGrant: async (id, now) => {
      const grant = grants.find((kept) => kept.id === id && isLive(kept, now));
      return grant && toGrant(grant);
    },
    endGrant: async (id, now) => {
      const ended = grants.find((grant) => grant.id === id);
      drop((grant) => grant.id === id, now);
      return ended !== undefined && isLive(ended, now);
    },
    credentialPassword: (username) => `password of ${username}`,
    takeCredential: async ({ username, gateway, device, now, request }) => {
      const credential = credentials.find((issued) => issued.username === username && issued.expiresAt > now);
      if (credential === undefined) return { ok: false, reason: 'credential-unknown' };
      const isRepeated = request !== undefined && credential.by?.equals(request) === true;
      if (credential.used && !isRepeated) return { ok: false, reason: 'credential-used' };
      if (credential.gateway !== gateway) return { ok: false, reason: 'credential-other-gateway' };
      const grant = grants.find((kept) => kept.id === credential.grantId && isLive(kept, now));
      if (grant === undefined) return { ok: false, reason: 'grant-expired' };
      if (!grant.device.equals(device)) return { ok: false, reason: 'credential-other-device' };
      credential.used = true;
      credential.by = isRepeated ? credential.by : request;
      return { ok: true, grant: toGrant(grant) };
    },
    isRedeemed: async (username, now) => redeemedAs(username, now) !== undefined,
    acceptances: async (site, window) =>
      acceptances
        .filter((kept) => kept.site === site && kept.termsVersion !== '' && inHour(kept.from, window))
        .map(({ from, termsVersion, count }) => ({ hour: from, termsVersion, count }))
        .sort((a, b) => a.hour - b.hour || compare(a.termsVersion, b.termsVersion)),
    acceptancesByLanguage: async (site, { from, to }) =>
      acceptances
        .filter((kept) => kept.site === site && kept.language !== '' && kept.count >= FEWEST_TOLD)
        .filter((kept) => kept.from >= startOfMonth(from) && kept.from < to)
        .map((kept) => ({ month: kept.from, language: kept.language, count: kept.count }))
        .sort((a, b) => a.month - b.month || compare(a.language, b.language)),

    applyAccounting: async (told: AccountingEvent) => {
      const before = find(told.gateway, told.sessionId)?.session;
      const redeemed = redeemedAs(told.username, told.receivedAt);
      const isTold = told.grantId !== undefined || before?.grantId !== undefined;
      const byName = grants.find(({ id }) => id === told.username)?.id;
      const linked = byName ?? (redeemed?.gateway === told.gateway ? redeemed.grantId : undefined);
      const event = isTold || linked === undefined ? told : { ...told, grantId: linked };
      const { session, added } = foldSession(before, event);
      const grant = grants.find(({ id }) => id === (event.grantId ?? session.grantId));
      if (grant !== undefined) grant.usedOctets += added.downloadOctets + added.uploadOctets;
      keep(session, event.receivedAt);
      if (Object.values(added).every((value) => value === 0)) return added;
      const hour = startOfHour(Math.min(event.eventAt, event.receivedAt));
      let total = usage.find((kept) => kept.site === session.site && kept.hour === hour);
      if (total === undefined) {
        total = { site: session.site, hour, sessions: 0, seconds: 0, downloadOctets: 0, uploadOctets: 0 };
        usage.push(total);
      }
      total.sessions += added.sessions;
      total.seconds += added.seconds;
      total.downloadOctets += added.downloadOctets;
      total.uploadOctets += added.uploadOctets;
      return added;
    },
    closeSessionsOf: async (gateway, at, now) =>
      closeWhere((session) => session.gateway === gateway && !isHeardOfSince(session, at), now),
    closeSilentSessions: async (since, now) => closeWhere((session) => session.lastSeenAt < since, now),
    getSession: async (gateway, sessionId) => find(gateway, sessionId)?.session,
    countSessions: async () => {
      const counts = new Map<string, number>();
      for (const { session, endedAt } of sessions) {
        if (endedAt === undefined) counts.set(session.site, (counts.get(session.site) ?? 0) + 1);
      }
      return counts;
    },
    siteUsage: async (site, window) =>
      usage
        .filter((kept) => kept.site === site && inHour(kept.hour, window))
        .map(({ site: _, ...total }) => ({ ...total }))
        .sort((a, b) => a.hour - b.hour),

    orderEnd: async (scope, now) => {
      const isMeant = (
        { site, gateway }: { site: string; gateway: string },
        grantId: string | undefined,
        at: Millis,
      ) => {
        if ('grant' in scope) return grantId === scope.grant;
        if ('gateway' in scope) return gateway === scope.gateway;
        return site === scope.site && at < (scope.acceptedBefore ?? Number.POSITIVE_INFINITY);
      };
      const acceptedOf = ({ grantId, segments }: Session) =>
        grants.find(({ id }) => id === grantId)?.acceptedAt ?? segments[0]?.start ?? 0;
      const meant = sessions
        .filter(
          ({ session, endedAt }) => endedAt === undefined && isMeant(session, session.grantId, acceptedOf(session)),
        )
        .map(({ session }) => session);
      const had = grants.length;
      drop(
        (grant) => isMeant(grant, grant.id, grant.acceptedAt) || meant.some(({ grantId }) => grantId === grant.id),
        now,
      );
      for (const { gateway, sessionId, site, username } of meant) {
        const order = endOf({ gateway, sessionId });
        if (order !== undefined && order.settled === undefined && order.kind === undefined) continue;
        if (order !== undefined) replaceEnd(order);
        const called = { gateway, sessionId, site, ...(username !== undefined && { username }) };
        ends.push({ ...called, orderedAt: now, dueAt: now, tries: 0 });
      }
      return {
        grants: had - grants.length,
        sessions: meant.map(({ gateway, sessionId }) => ({ gateway, sessionId })).sort(bySession),
      };
    },
    orderLimits: async (scope, now) => {
      const meant = sessions
        .filter(({ endedAt }) => endedAt === undefined)
        .filter(({ session }) => ('site' in scope ? session.site === scope.site : session.gateway === scope.gateway))
        .map(({ session }) => session)
        .filter((session) => {
          const order = endOf(session);
          return order === undefined || order.settled !== undefined || order.kind !== undefined;
        });
      for (const session of meant) {
        const { gateway, sessionId, site, username } = session;
        const order = endOf(session);
        if (order !== undefined) replaceEnd(order);
        const called = { gateway, sessionId, site, ...(username !== undefined && { username }) };
        ends.push({ ...called, kind: 'limits', orderedAt: now, dueAt: now, tries: 0 });
      }
      return meant.map(({ gateway, sessionId }) => ({ gateway, sessionId })).sort(bySession);
    },
    takeDueEnds: async (now, limit, until, gateways) => {
      const due = [...ends]
        .filter(({ settled, dueAt }) => settled === undefined && dueAt <= now)
        .filter(({ gateway }) => gateways === undefined || gateways.has(gateway))
        .sort((a, b) => a.dueAt - b.dueAt || bySession(a, b))
        .slice(0, limit);
      return due.map((order) => {
        const taken = { ...order, dueAt: until, tries: order.tries + 1 };
        replaceEnd(order, taken);
        return taken;
      });
    },
    settleEnd: async (session, result, now) =>
      changeEnd(session, ({ username: _, ...order }) => ({ ...order, settled: { at: now, result } })),
    deferEnd: async (session, dueAt) => changeEnd(session, (order) => ({ ...order, dueAt })),
    getEnd: async (session) => endOf(session),

    ...waitingModel(),

    ...healthKept.operations,

    recordsOf: async (id) => {
      const grant = grants.find((kept) => kept.id === id);
      const running = sessions.map(({ session }) => session).filter(({ grantId }) => grantId === id);
      running.sort(bySession);
      if (grant === undefined) return { sessions: running };
      const { octets, seconds } = useOf(grant.site, grant.device, grant.day);
      const usedBefore = octets + seconds === 0 ? {} : { usedBefore: { octets, seconds } };
      return { grant: toGrant(grant), ...usedBefore, sessions: running };
    },

    putFeedback: async (entry, limit) => {
      if (feedback.some(({ reference }) => reference === entry.reference)) return 'known';
      if (feedback.filter(({ doneAt }) => doneAt === undefined).length >= limit) return 'full';
      feedback.push(entry);
      return 'kept';
    },
    listFeedback: async () => feedback.toSorted((a, b) => a.dueAt - b.dueAt || compare(a.reference, b.reference)),
    closeFeedback: async (reference, now) => {
      const open = feedback.find((kept) => kept.reference === reference && kept.doneAt === undefined);
      feedback = feedback.map((kept) => (kept === open ? { ...kept, doneAt: now } : kept));
      return open !== undefined;
    },
    countFeedback: async (now) => {
      const open = feedback.filter(({ doneAt }) => doneAt === undefined);
      return { open: open.length, overdue: open.filter(({ dueAt }) => dueAt <= now).length };
    },

    putExam: async (exam) => {
      exams.set(exam.site, exam);
    },
    endExam: async (site, now) => {
      const wasRunning = (exams.get(site)?.until ?? 0) > now;
      exams.delete(site);
      return wasRunning;
    },
    findExam: async (site, now) => {
      const exam = exams.get(site);
      return exam !== undefined && exam.until > now ? exam : undefined;
    },
    exams: async (now) => new Map([...exams].filter(([, exam]) => exam.until > now)),

    forget: async (now, { historyBefore }) => {
      drop((grant) => !isLive(grant, now), now);
      const today = keyScope('', now, timeZone).day;
      uses = uses.filter(({ day }) => day === today);
      credentials = credentials.filter(({ expiresAt }) => expiresAt > now);
      sessions = sessions.filter(({ endedAt }) => endedAt === undefined || endedAt + SESSION_AFTERGLOW_MS > now);
      ends = ends.filter(({ settled, orderedAt }) => (settled?.at ?? orderedAt + HOUR) + SESSION_AFTERGLOW_MS > now);
      feedback = feedback.filter(({ doneAt }) => doneAt === undefined || doneAt + FEEDBACK_AFTERGLOW_MS > now);
      acceptances = acceptances.filter(({ from }) => from + HOUR > historyBefore);
      usage = usage.filter(({ hour }) => hour + HOUR > historyBefore);
      healthKept.forget(historyBefore);
    },
    check: async () => {},
    close: async () => {},
  };
}

/** As the keys of a session lie in a driver: by gateway, then by the octets of the id. */
function bySession(a: { gateway: string; sessionId: string }, b: { gateway: string; sessionId: string }): number {
  return compare(a.gateway, b.gateway) || Buffer.compare(Buffer.from(a.sessionId), Buffer.from(b.sessionId));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
