import { type Decision, decide, decideWithoutStore } from '../../core/decide';
import type { Grant } from '../../core/grant';
import type { RejectReason } from '../../core/reasons';
import type { Millis } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { Random } from '../../runtime/random';
import { type Soon, whenThere } from '../../runtime/soon';
import type { GrantStore } from '../../store/store';
import type { BurstLog } from '../burst-log';
import type { ExamBoard } from '../exam-board';
import { Impatient } from '../impatient';
import { type DeviceName, type Known, KnownDevices } from '../known-devices';
import type { RadiusMetrics } from '../metrics';
import type { Nas } from '../nas';
import { readAccessRequest, writeAcceptance, writeRefusal } from '../wire/access';
import { writeAdmission } from '../wire/admission';
import { CODE } from '../wire/packet';
import type { Handler, Outcome } from './handler';
import { type Login, recogniseLogin } from './login';

export interface AccessTools {
  readonly store: GrantStore;
  readonly exams: ExamBoard;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: RadiusMetrics;
  readonly log: BurstLog;
}

type Found = { readonly ok: true; readonly grant: Grant } | { readonly ok: false; readonly reason: RejectReason };

/** The way from a login to an answer: who is it, which grant is that, what do the rules of the site say to it? */
export function accessHandler(tools: AccessTools): Handler {
  const { store, exams, clock, random, metrics, log } = tools;
  const impatient = new Impatient(clock);
  const known = new KnownDevices(random);

  const byRules = (nas: Nas, grant: Grant, now: Millis): Soon<Judged> =>
    whenThere(exams.confirm(nas.site, now), (exam) => ({ decision: decide(grant, nas.rules, now, exam), grant }));

  const withoutStore = (nas: Nas, name: DeviceName, now: Millis, err: unknown): Judged => {
    log.write('error', 'radius-store-failed', { nas: nas.gateway, site: nas.site, reason: 'store-failed', err });
    const grant = known.find(name, now)?.grant;
    const decision = decideWithoutStore(grant, nas.rules, now, exams.at(nas.site));
    metrics.answeredWithoutStore(nas.site, decision.accept);
    return { decision, grant };
  };

  /** @param isNow  the store has told of the grant in this turn, as `findGrant` does */
  const withStore = (nas: Nas, name: DeviceName, now: Millis, found: Found, isNow: boolean): Soon<Judged> => {
    if (found.ok) {
      const version = isNow ? store.grantVersion?.(found.grant.id) : undefined;
      known.remember(name, { grant: found.grant, version }, now);
      return byRules(nas, found.grant, now);
    }
    if (found.reason === 'device-unknown') known.remember(name, undefined, now);
    return { decision: { accept: false, reason: found.reason } };
  };

  const isUnchanged = ({ grant, version }: Known): boolean =>
    version !== undefined && version === store.grantVersion?.(grant.id);

  const judge = (nas: Nas, login: Login, now: Millis, request: Buffer): Soon<Judged> => {
    const name = known.nameOf(nas.site, login.device);
    const before = login.username === undefined ? known.find(name, now) : undefined;
    if (before !== undefined && isUnchanged(before)) return byRules(nas, before.grant, now);
    const found = impatient.ask(() => look(store, nas, login, now, request));
    if (!(found instanceof Promise)) return withStore(nas, name, now, found, true);
    return found.then(
      (there) => withStore(nas, name, now, there, login.username === undefined),
      (err: unknown) => withoutStore(nas, name, now, err),
    );
  };

  return ({ packet, nas, receivedAt: now }) => {
    const asked = readAccessRequest(packet, nas.secret);
    if (asked === undefined) return { dropped: 'malformed' };
    const login = recogniseLogin(asked, nas, (username) => store.credentialPassword(username));
    if ('refused' in login) return reject(login.refused, asked.eap);
    return whenThere(judge(nas, login, now, packet.octets), (judged) => answer(nas, login, judged, random));
  };
}

interface Judged {
  readonly decision: Decision;
  readonly grant?: Grant | undefined;
}

function look(store: GrantStore, nas: Nas, { device, username }: Login, now: Millis, request: Buffer): Soon<Found> {
  if (username !== undefined) return store.takeCredential({ username, gateway: nas.gateway, device, now, request });
  return whenThere(store.findGrant(nas.site, device, now), (grant) =>
    grant === undefined ? { ok: false, reason: 'device-unknown' } : { ok: true, grant },
  );
}

/**
 * Accounting of a login by address shall not carry the address: the user name of the answer takes its place. It is the
 * grant's id, because hostapd keeps that but not the Class.
 */
function answer(nas: Nas, login: Login, { decision, grant }: Judged, random: Random): Outcome {
  const byAddress = login.username === undefined;
  if (decision.accept) {
    const attributes = writeAcceptance(decision.acceptance, {
      grantId: grant?.id,
      vendor: nas.kind === 'mikrotik' ? 'Mikrotik' : 'ChilliSpot',
      userName: byAddress ? (grant?.id ?? random.word()) : undefined,
    });
    return { code: CODE.accessAccept, attributes };
  }
  const isStranger = byAddress && (BEFORE_THE_PORTAL.has(decision.reason) || isUnseen(decision.reason, nas));
  if (!isStranger || nas.strangers === undefined) return reject(decision.reason);
  return { code: CODE.accessAccept, attributes: writeAdmission(nas.strangers, random.word()) };
}

/** Where the portal waits for devices without a grant, it also says why one is not online any more, and asks anew. */
const BEFORE_THE_PORTAL: ReadonlySet<RejectReason> = new Set([
  'device-unknown',
  'terms-changed',
  'octets-used-up',
  'site-closed',
  'exam',
]);

/** Without the store nobody new can be told from a stranger; a site that closes then admits no stranger either. */
function isUnseen(reason: RejectReason, nas: Nas): boolean {
  return reason === 'store-down' && nas.rules.whenStoreFails !== 'closed';
}

function reject(reason: RejectReason, eap?: Buffer): Outcome {
  return { code: CODE.accessReject, attributes: writeRefusal(reason, eap), rejected: reason };
}
