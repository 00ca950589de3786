import type { GatewayId, SiteId } from '../../core/ids';
import type { DeviceAddress } from '../../core/mac';
import type { VisitRefusedReason } from '../../core/reasons';
import type { Granted } from '../../store/store';

/** One redirected browser: everything the portal has to know between the redirect and the acceptance. */
export interface Visit {
  readonly gateway: GatewayId;
  readonly site: SiteId;
  readonly device: DeviceAddress;
  /** The page that the visitor wanted, if it was a web address. */
  readonly originalUrl?: string;
  /** What the adapter needs to let this visitor in; nobody else reads it. */
  readonly ticket: string;
}

/** The address to which a gateway sent a browser. */
export interface Redirect {
  /** As the gateway wrote it, without the query: `https://wlan.example.de/uam/town-hall`. */
  readonly base: string;
  /** The query exactly as it arrived, for checksums. */
  readonly rawQuery: string;
  readonly query: URLSearchParams;
}

/** Why a visitor who was on the way in, or in, is before the gateway again. */
export type Setback = 'rejected' | 'ended' | 'timed-out';

export type Recognised =
  /** Not online: show the terms. */
  | { readonly ok: true; readonly stage: 'captive'; readonly visit: Visit; readonly setback?: Setback }
  /** Online already. `device` only if the gateway vouches for the redirect: it may be used to look something up. */
  | { readonly ok: true; readonly stage: 'online'; readonly device?: DeviceAddress }
  /** Not online, and the gateway has to be asked anew before a visit can begin. */
  | { readonly ok: true; readonly stage: 'offline'; readonly setback: Setback }
  | { readonly ok: false; readonly reason: VisitRefusedReason };

/** What differs between kinds of gateway. Pure: no input or output, no clock. */
export interface GatewayAdapter {
  readonly id: GatewayId;
  readonly site: SiteId;
  /** First part of the path to which it redirects: `/uam/<id>`, `/opennds/<id>`. */
  readonly family: 'uam' | 'opennds';
  /** Whether it asks our RADIUS server and so needs a credential. */
  readonly needsCredential: boolean;
  /** Where `admit` sends the browser; the page's form may lead there (CSP form-action). */
  readonly origin: string;
  /** Ends the visitor's session at the gateway. */
  readonly logoutUrl: string;
  /** Makes the gateway redirect a captive browser to the portal anew. */
  readonly restartUrl: string;
  recognise(redirect: Redirect): Recognised;
  /** The address that lets the browser through the gateway and then brings it to `returnTo`. */
  admit(visit: Visit, granted: Granted, returnTo: string): string;
}

/** The address a visitor wanted, if it is one that may be offered as a link; the gateway passes on whatever was asked. */
export function webAddress(text: string | null | undefined): string | undefined {
  if (!text || text.length > 1000 || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}
