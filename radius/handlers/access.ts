import { decide } from '../../core/decide';
import type { Grant } from '../../core/grant';
import { DeviceAddress } from '../../core/mac';
import type { RejectReason } from '../../core/reasons';
import type { Millis } from '../../core/time';
import type { GrantStore } from '../../store/store';
import type { Nas } from '../nas';
import { type AccessRequest, readAccessRequest, writeAcceptance, writeRefusal } from '../wire/access';
import { CODE } from '../wire/packet';
import type { Handler, Outcome } from './handler';

/**
 * Answers Access-Requests. The user name is a credential that the portal issued a moment ago; redeeming it gives the
 * grant, and the site's rules say what the gateway is told.
 */
export function accessHandler(store: GrantStore): Handler {
  return async ({ packet, nas, receivedAt: now }) => {
    const asked = readAccessRequest(packet, nas.secret);
    if (asked === undefined) return { dropped: 'malformed' };
    const redeemed = await redeem(asked, nas, now, store);
    if (!redeemed.ok) return reject(redeemed.reason);
    const decision = decide(redeemed.grant, nas.rules, now);
    if (!decision.accept) return reject(decision.reason);
    return { code: CODE.accessAccept, attributes: writeAcceptance(decision.acceptance, redeemed.grant.id) };
  };
}

function reject(reason: RejectReason): Outcome {
  return { code: CODE.accessReject, attributes: writeRefusal(reason), rejected: reason };
}

type Redeemed = { readonly ok: true; readonly grant: Grant } | { readonly ok: false; readonly reason: RejectReason };

/** The password is checked before the store is asked: who guesses can neither use a credential up nor cause work. */
async function redeem(asked: AccessRequest, nas: Nas, now: Millis, store: GrantStore): Promise<Redeemed> {
  const { username, proves } = asked;
  if (proves === undefined) return { ok: false, reason: 'password-missing' };
  if (username === undefined) return { ok: false, reason: 'credential-unknown' };
  if (!proves(store.credentialPassword(username))) return { ok: false, reason: 'password-wrong' };
  const device = DeviceAddress.parse(asked.device ?? '');
  if (device === undefined) return { ok: false, reason: 'device-missing' };
  return store.takeCredential({ username, gateway: nas.gateway, device, now });
}
