import { FEEDBACK_AFTERGLOW_MS, type Feedback } from '../../core/feedback';
import type { Grant } from '../../core/grant';
import { isLive } from '../../core/grant';
import type { Health } from '../../core/health';
import { type Interval, within } from '../../core/intervals';
import type { DeviceAddress } from '../../core/mac';
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
import { HOUR, type Millis, startOfHour } from '../../core/time';
import {
  type AcceptanceCount,
  type HourlyUsage,
  SESSION_AFTERGLOW_MS,
  type Store,
  type WaitingVisitor,
} from '../../store/store';

type Kept<T> = { -readonly [Key in keyof T]: T[Key] };
type KeptGrant = Kept<Grant> & { device: DeviceAddress; day: string };
type Credential = { username: string; grantId: string; gateway: string; expiresAt: Millis; used: boolean };

/**
 * The contract as plainly as it can be written: lists in memory, no key, no file, no haste. Drivers are compared with it.
 */
export function modelStore(timeZone: string): Store {
  let drawn = 0;
  let grants: KeptGrant[] = [];
  let credentials: Credential[] = [];
  let acceptances: (Kept<AcceptanceCount> & { site: string })[] = [];
  let sessions: { session: Session; endedAt?: Millis }[] = [];
  let ends: EndOrder[] = [];
  let usage: (Kept<HourlyUsage> & { site: string })[] = [];
  const health = new Map<string, { health: Health; firstSeenAt?: Millis }>();
  let outages: { ap: string; from: Millis; to?: Millis }[] = [];
  let feedback: Feedback[] = [];
  let unwatched: Interval[] = [];
  let watchedUntil = 0;

  let waiting: { visitor: WaitingVisitor; told: number }[] = [];

  const isVisitor = ({ visitor }: { visitor: WaitingVisitor }, gateway: string, id: string) =>
    visitor.gateway === gateway && visitor.id === id;
  const word = () => `word-${++drawn}`;
  const toGrant = ({ device: _device, day: _day, ...grant }: KeptGrant): Grant => ({ ...grant });
  const live = (site: string, device: DeviceAddress, now: Millis) =>
    grants.find((grant) => grant.site === site && grant.device.equals(device) && isLive(grant, now));
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
    } else if (isSettledAsOver && grants.some(({ id }) => id === session.grantId)) replaceEnd(order);
    else if (isSettledAsOver) {
      const dueAt = Math.max(at, order.orderedAt + KEEP_OUT_AFTER_MS);
      replaceEnd(order, { ...rest, ...(username !== undefined && { username }), dueAt, tries: 0 });
    }
  };
  const changeEnd = (name: { gateway: string; sessionId: string }, change: (order: EndOrder) => EndOrder) => {
    const order = endOf(name);
    if (order !== undefined && order.settled === undefined) replaceEnd(order, change(order));
  };
  const closeWhere = (test: (session: Session) => boolean, now: Millis): number => {
    const closing = sessions.filter(({ session, endedAt }) => endedAt === undefined && test(session));
    for (const { session } of closing) keep(closeSession(session, now), now);
    return closing.length;
  };
  const overlaps = ({ from, to }: { from: Millis; to?: Millis }, window: Interval) =>
    from < window.to && (to === undefined || to > window.from);
  const inHour = (hour: Millis, window: Interval) => overlaps({ from: hour, to: hour + HOUR }, window);

  return {
    putGrant: async ({ site, gateway, device, termsVersion, language, now, expiresAt, withCredential }) => {
      const { day } = keyScope(site, now, timeZone);
      const before = live(site, device, now);
      const renews = before !== undefined && before.day === day;
      const grant: KeptGrant = {
        id: renews ? before.id : word(),
        usedOctets: renews ? before.usedOctets : 0,
        ...{ site, gateway, termsVersion, acceptedAt: now, expiresAt, device, day },
      };
      // What was granted to the device on this day goes, whether or not it has expired.
      const isSame = (kept: KeptGrant) => kept.site === site && kept.device.equals(device) && kept.day === day;
      grants = [...grants.filter((kept) => kept !== before && !isSame(kept)), grant];
      const hour = startOfHour(now);
      const count = acceptances.find(
        (kept) =>
          kept.site === site && kept.hour === hour && kept.termsVersion === termsVersion && kept.language === language,
      );
      if (count === undefined) acceptances.push({ site, hour, termsVersion, language, count: 1 });
      else count.count += 1;
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
    getGrant: async (id, now) => {
      const grant = grants.find((kept) => kept.id === id && isLive(kept, now));
      return grant && toGrant(grant);
    },
    endGrant: async (id, now) => {
      const ended = grants.find((grant) => grant.id === id);
      grants = grants.filter((grant) => grant.id !== id);
      return ended !== undefined && isLive(ended, now);
    },
    credentialPassword: (username) => `password of ${username}`,
    takeCredential: async ({ username, gateway, device, now }) => {
      const credential = credentials.find((issued) => issued.username === username && issued.expiresAt > now);
      if (credential === undefined) return { ok: false, reason: 'credential-unknown' };
      if (credential.used) return { ok: false, reason: 'credential-used' };
      if (credential.gateway !== gateway) return { ok: false, reason: 'credential-other-gateway' };
      const grant = grants.find((kept) => kept.id === credential.grantId && isLive(kept, now));
      if (grant === undefined) return { ok: false, reason: 'grant-expired' };
      if (!grant.device.equals(device)) return { ok: false, reason: 'credential-other-device' };
      credential.used = true;
      return { ok: true, grant: toGrant(grant) };
    },
    acceptances: async (site, window) =>
      acceptances
        .filter((kept) => kept.site === site && inHour(kept.hour, window))
        .map(({ site: _, ...count }) => ({ ...count }))
        .sort((a, b) => a.hour - b.hour || compare(a.termsVersion, b.termsVersion) || compare(a.language, b.language)),

    applyAccounting: async (told: AccountingEvent) => {
      const before = find(told.gateway, told.sessionId)?.session;
      const redeemed = credentials.find((one) => one.used && one.username === told.username);
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
      const isMeant = ({ site, gateway }: { site: string; gateway: string }, grantId?: string) =>
        'grant' in scope ? grantId === scope.grant : 'site' in scope ? site === scope.site : gateway === scope.gateway;
      const meant = sessions
        .filter(({ session, endedAt }) => endedAt === undefined && isMeant(session, session.grantId))
        .map(({ session }) => session);
      const had = grants.length;
      grants = grants.filter(
        (grant) => !isMeant(grant, grant.id) && !meant.some(({ grantId }) => grantId === grant.id),
      );
      for (const { gateway, sessionId, site, username } of meant) {
        const order = endOf({ gateway, sessionId });
        if (order !== undefined && order.settled === undefined) continue;
        if (order !== undefined) replaceEnd(order);
        const called = { gateway, sessionId, site, ...(username !== undefined && { username }) };
        ends.push({ ...called, orderedAt: now, dueAt: now, tries: 0 });
      }
      return {
        grants: had - grants.length,
        sessions: meant.map(({ gateway, sessionId }) => ({ gateway, sessionId })).sort(bySession),
      };
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

    putWaiting: async (visitor) => {
      waiting = [...waiting.filter((one) => !isVisitor(one, visitor.gateway, visitor.id)), { visitor, told: 0 }];
    },
    takeWaiting: async (gateway, limit, now) => {
      const next = waiting
        .filter(({ visitor }) => visitor.gateway === gateway && visitor.expiresAt > now)
        .sort((a, b) => a.told - b.told || a.visitor.since - b.visitor.since)
        .slice(0, limit);
      for (const one of next) one.told += 1;
      return next.map(({ visitor }) => visitor);
    },
    settleWaiting: async (gateway, ids) => {
      waiting = waiting.filter((one) => !ids.some((id) => isVisitor(one, gateway, id)));
    },
    forgetWaiting: async (gateway, before) => {
      waiting = waiting.filter(({ visitor }) => visitor.gateway !== gateway || visitor.since >= before);
    },
    isWaiting: async (gateway, id, now) =>
      waiting.some((one) => isVisitor(one, gateway, id) && one.visitor.expiresAt > now),

    putHealth: async (ap, next, change) => {
      const firstSeenAt = health.get(ap)?.firstSeenAt ?? next.lastSeenAt;
      health.set(ap, { health: next, ...(firstSeenAt !== undefined && { firstSeenAt }) });
      const lasting = outages.find((outage) => outage.ap === ap && outage.to === undefined);
      if (change?.kind === 'open' && lasting === undefined) {
        outages = outages.filter((outage) => outage.ap !== ap || outage.from !== change.from);
        outages.push({ ap, from: change.from });
      }
      if (change?.kind === 'close' && lasting !== undefined) lasting.to = change.to;
    },
    allHealth: async () => new Map(health),
    outages: async (ap, window) =>
      outages.filter((outage) => outage.ap === ap && overlaps(outage, window)).map(({ ap: _, ...outage }) => outage),
    watch: async (now, tolerance) => {
      if (now - watchedUntil > tolerance) unwatched.push({ from: watchedUntil, to: now });
      if (now < watchedUntil) unwatched = within({ from: 0, to: now }, unwatched);
      watchedUntil = now;
    },
    unwatched: async (window, tolerance) => {
      const silence = { from: watchedUntil, to: window.to };
      return within(window, window.to - watchedUntil > tolerance ? [...unwatched, silence] : unwatched);
    },

    recordsOf: async (id) => {
      const grant = grants.find((kept) => kept.id === id);
      const running = sessions.map(({ session }) => session).filter(({ grantId }) => grantId === id);
      return { ...(grant !== undefined && { grant: toGrant(grant) }), sessions: running.sort(bySession) };
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

    forget: async (now, { historyBefore }) => {
      grants = grants.filter((grant) => isLive(grant, now));
      credentials = credentials.filter(({ expiresAt }) => expiresAt > now);
      sessions = sessions.filter(({ endedAt }) => endedAt === undefined || endedAt + SESSION_AFTERGLOW_MS > now);
      ends = ends.filter(({ settled, orderedAt }) => (settled?.at ?? orderedAt + HOUR) + SESSION_AFTERGLOW_MS > now);
      feedback = feedback.filter(({ doneAt }) => doneAt === undefined || doneAt + FEEDBACK_AFTERGLOW_MS > now);
      acceptances = acceptances.filter(({ hour }) => hour + HOUR > historyBefore);
      usage = usage.filter(({ hour }) => hour + HOUR > historyBefore);
      outages = outages.filter(({ to }) => to === undefined || to > historyBefore);
      unwatched = unwatched.filter(({ to }) => to > historyBefore);
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
