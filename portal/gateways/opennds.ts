import { createHash, timingSafeEqual } from 'node:crypto';
import type { OpenndsGateway } from '../../config/schema';
import { MINUTE } from '../../core/time';
import { pause } from '../../runtime/clock';
import type { FindAccessPoint } from './access-points';
import {
  ADMIT_WITHIN_MS,
  type Admission,
  type GatewayAdapter,
  GatewayAway,
  type GatewayServices,
  type Recognised,
  type Redirect,
} from './gateway';
import { admissionLine } from './opennds/authmon';
import { sealGrant } from './opennds/grant-seal';
import { HID_LENGTH, readRedirect } from './opennds/redirect';

/** From this level on openNDS fetches whom it is to let in; below it the browser brings the proof. */
const AUTHMON_LEVEL = 3;
/** An access point asks at least once a minute. Who is not fetched by then taps again. */
const WAITS_FOR = 2 * MINUTE;
const LOOK_EVERY_MS = 100;

/**
 * openNDS with the Forwarding Authentication Service. At levels 1 and 2 the browser carries the answer, which only a
 * holder of the faskey can make, to the gateway. At levels 3 and 4 the gateway asks us whom to let in (authmon).
 */
export function openndsAdapter(
  gateway: OpenndsGateway,
  find: FindAccessPoint,
  services: GatewayServices,
): GatewayAdapter {
  const origin = `http://${gateway.address}`;
  return {
    id: gateway.id,
    site: gateway.site,
    family: 'opennds',
    needsCredential: false,
    // Who does not know the faskey cannot write what it encrypts at these levels.
    vouches: gateway.level === 2 || gateway.level === 3,
    origin,
    logoutUrl: `${origin}/opennds_deny/`,
    restartUrl: `${origin}/login`,
    recognise: (redirect) => recognise(gateway, find, redirect),
    admit: (admission) =>
      gateway.level < AUTHMON_LEVEL
        ? authUrl(origin, gateway.faskey.reveal(), admission)
        : letWait(gateway, services, admission),
  };
}

function recognise(gateway: OpenndsGateway, find: FindAccessPoint, { base, query }: Redirect): Recognised {
  if (!isOurPath(gateway, base.replace(/^https?:\/\/[^/]*/, ''))) return { ok: false, reason: 'unknown-gateway' };
  if (query.get('status') === 'authenticated') return { ok: true, stage: 'online' };
  const read = readRedirect(query, gateway.level, gateway.faskey.reveal());
  if (!read.ok) return read;
  const { hid, authdir, device, gatewayAddress, originalUrl, gatewayMac } = read.arrival;
  if (gatewayAddress !== gateway.address) return { ok: false, reason: 'gateway-address-wrong' };
  const accessPoint = find(gatewayMac);
  const visit = {
    gateway: gateway.id,
    site: gateway.site,
    device,
    ticket: hid + authdir,
    ...(originalUrl !== undefined && { originalUrl }),
    ...(accessPoint !== undefined && { accessPoint }),
  };
  return { ok: true, stage: 'captive', visit };
}

/**
 * Is this the path that the access point was told? Its secret end is all that tells authmon's questions from a
 * stranger's, so the comparison takes the same time wherever they differ.
 * @param path  `/opennds/<id>` or `/opennds/<id>/<authmonPath>`
 */
export function isOurPath({ id, level, authmonPath }: OpenndsGateway, path: string): boolean {
  const secret = level < AUTHMON_LEVEL ? '' : `/${authmonPath?.reveal() ?? ''}`;
  return timingSafeEqual(sha256(path), sha256(`/opennds/${id}${secret}`));
}

/** How openNDS calls a visitor who may pass. */
function rhidOf({ ticket }: { readonly ticket: string }, faskey: string): string {
  return sha256(ticket.slice(0, HID_LENGTH) + faskey).toString('hex');
}

/** tok, redir and custom are always sent: openNDS 9 crashes without them. */
function authUrl(origin: string, faskey: string, { visit, granted, returnTo }: Admission): string {
  const authdir = visit.ticket.slice(HID_LENGTH);
  const custom = sealGrant(granted.grant.id, faskey);
  const query = { tok: rhidOf(visit, faskey), redir: returnTo, custom };
  const parts = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${origin}/${authdir}/?${parts.join('&')}`;
}

/**
 * Puts the visitor where authmon fetches them, and waits a moment for its word. Then the visitor goes on in any case:
 * the access point may ask seldom, and a device that is in already is never acknowledged.
 */
async function letWait(gateway: OpenndsGateway, { clock, waiting }: GatewayServices, admission: Admission) {
  const { visit, granted, limits, returnTo } = admission;
  const faskey = gateway.faskey.reveal();
  const id = rhidOf(visit, faskey);
  const line = admissionLine(id, limits, sealGrant(granted.grant.id, faskey));
  const since = clock.now();
  const giveUpAt = clock.monotonic() + ADMIT_WITHIN_MS;
  try {
    await waiting.putWaiting({ gateway: gateway.id, id, line, since, expiresAt: since + WAITS_FOR });
    while (clock.monotonic() < giveUpAt && (await waiting.isWaiting(gateway.id, id, clock.now()))) {
      await pause(clock, LOOK_EVERY_MS);
    }
  } catch (cause) {
    throw new GatewayAway('The visitor could not be put down for the access point.', { cause });
  }
  return returnTo;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
