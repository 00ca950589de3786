import type { Acceptance } from '../../core/decide';
import type { Grant } from '../../core/grant';
import type { ApId, GatewayId, GrantId, SiteId } from '../../core/ids';
import type { DeviceAddress } from '../../core/mac';
import type { OrderResult, VisitRefusedReason } from '../../core/reasons';
import type { Clock } from '../../runtime/clock';
import type { Log } from '../../runtime/log';
import type { Random } from '../../runtime/random';
import type { Granted, WaitingStore } from '../../store/store';
import type { Guests } from './unifi/guests';
import type { Pace } from './unifi/pace';

/** One redirected browser: everything the portal has to know between the redirect and the acceptance. */
export interface Visit {
  readonly gateway: GatewayId;
  readonly site: SiteId;
  /** Where the visitor is, if the redirect names an access point that we know. Told to nobody and kept nowhere. */
  readonly accessPoint?: ApId | undefined;
  readonly device: DeviceAddress;
  /** The language that the gateway takes the visitor to read: a tag, for who asks for none (BCP 47). */
  readonly language?: string | undefined;
  /** The page that the visitor wanted, if it was a web address. */
  readonly originalUrl?: string | undefined;
  /** What the adapter needs to let this visitor in; nobody else reads it. */
  readonly ticket: string;
}

/** The address to which a gateway sent a browser. */
export interface Redirect {
  /** As the gateway wrote it, without the query: `https://wlan.example.de/uam/town-hall`. */
  readonly base: string;
  /** The query exactly as it arrived, for checksums. */
  readonly rawQuery: string;
  /** The same, read; made when it is asked for. */
  readonly query: URLSearchParams;
}

/** Why a visitor who was on the way in, or in, is before the gateway again. */
export const SETBACKS = ['rejected', 'ended', 'timed-out'] as const;
export type Setback = (typeof SETBACKS)[number];

export type Recognised =
  /** Not online: show the terms. `told`: what the gateway passed on of our RADIUS server's reason, for what it is worth. */
  | {
      readonly ok: true;
      readonly stage: 'captive';
      readonly visit: Visit;
      readonly setback?: Setback | undefined;
      readonly told?: 'octets-used-up' | undefined;
    }
  /**
   * Online already. `device` only if the gateway vouches for the redirect: it may be used to look something up.
   * `secondsLeft`: what the gateway says, for the visitor to read.
   */
  | { readonly ok: true; readonly stage: 'online'; readonly device?: DeviceAddress; readonly secondsLeft?: number }
  /** Not online, and the gateway has to be asked anew before a visit can begin. */
  | { readonly ok: true; readonly stage: 'offline'; readonly setback: Setback }
  | { readonly ok: false; readonly reason: VisitRefusedReason };

/** First part of the path to which a gateway redirects: `/uam/<id>`. UniFi's is fixed: `/guest/s/<its own site>/`. */
export const FAMILIES = ['uam', 'opennds', 'mikrotik', 'unifi'] as const;
export type Family = (typeof FAMILIES)[number];

/**
 * What adapters work with. It outlives them: a reload of the configuration makes new adapters with the same services, so
 * what has to be remembered between two requests is kept here, in memory.
 */
export interface GatewayServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Visitors that a gateway fetches from whichever process it asks. */
  readonly waiting: WaitingStore;
  /** Who was let in at a controller. */
  readonly guests: Guests;
  /** How fast one source may have visitors let in at a controller. */
  readonly guestPace: Pace;
}

/** A visitor who accepted the terms, about to be let in. */
export interface Admission {
  readonly visit: Visit;
  readonly granted: Granted;
  /** For gateways that are told them here and not by RADIUS. */
  readonly limits: Acceptance;
  /** Where the browser goes when it is online. */
  readonly returnTo: string;
  /** The address that the form came from; to be counted by, and not kept. */
  readonly source?: string;
}

/** The longest that a visitor waits for a gateway after the tap. */
export const ADMIT_WITHIN_MS = 3_000;

/** The gateway, or what controls it, did not do it in time. The grant stands; the visitor is asked to try again. */
export class GatewayAway extends Error {}

/** What differs between kinds of gateway. */
export interface GatewayAdapter {
  readonly id: GatewayId;
  readonly site: SiteId;
  readonly family: Family;
  /** Whether it asks our RADIUS server and so needs a credential. */
  readonly needsCredential: boolean;
  /**
   * Whether its redirect proves which device asks. Else anybody can write one that names the device of somebody else, and
   * must learn nothing about it by that.
   */
  readonly vouches: boolean;
  /** Whether `admit`, done, proves that the device is there. */
  readonly confirms?: boolean;
  /** Where `admit` sends the browser if not to the portal; the page's form may lead there (CSP form-action). */
  readonly origin?: string;
  /** Ends the visitor's session at the gateway. Without it the gateway has no such page: see `end`. */
  readonly logoutUrl?: string;
  /** Makes the gateway redirect a captive browser to the portal anew. */
  readonly restartUrl?: string;
  /** Pure: no input or output, no clock. */
  recognise(redirect: Redirect): Recognised;
  /**
   * The address that lets the browser through the gateway and then brings it to `returnTo`. An adapter that tells a
   * controller, or waits for the gateway to fetch the news, promises it: within ADMIT_WITHIN_MS.
   * @throws GatewayAway, by rejecting
   */
  admit(admission: Admission): string | Promise<string>;
  /**
   * Ends what a grant opened, at gateways that we tell ourselves and not by RADIUS. `session-unknown` if nothing is open
   * by it as far as is remembered.
   */
  end?(grant: GrantId): Promise<OrderResult>;
  /**
   * Remembers again whom a gateway let in that we tell ourselves: after a restart, and for devices that come back.
   * @param grantOf  the live grant of a device at the site
   * @throws GatewayAway, by rejecting
   */
  recall?(grantOf: (device: DeviceAddress) => Promise<Grant | undefined>): Promise<void>;
}

/** A language as a gateway writes it, if it can be one. */
export function languageTag(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= 35 && /^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/i.test(text) ? text : undefined;
}

/** The address a visitor wanted, if it is one that may be offered as a link; the gateway passes on whatever was asked. */
export function webAddress(text: string | null | undefined): string | undefined {
  if (!text || text.length > 1000 || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}
