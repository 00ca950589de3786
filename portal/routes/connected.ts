import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Request, Router } from 'express';
import type { Site } from '../../config/schema';
import type { Millis } from '../../core/time';
import { queryOf, seeOther } from '../answer';
import { ARRIVAL_LIFETIME_MS, type Arrival, type Connection } from '../connection';
import type { GatewayAdapter } from '../gateways/gateway';
import { LANGUAGE_PARAMETER } from '../i18n/language';
import { type Portal, storing } from '../portal';
import { languageOf, sendPage, translator } from '../respond';
import { servicesOf } from '../services';

/** Addresses by which devices find out whether they are online; nobody wants to go on to one. */
const PROBE = /captive|connectivity|conncheck|ncsi|nmcheck|msftconnect|generate_204|gen_204|hotspot|detectportal/i;

/** What is known about a visitor who is, or was, online. */
interface Online {
  readonly adapter?: GatewayAdapter;
  /** Undefined if it is not known, and 'ended' if the grant is gone before its time. */
  readonly until?: Millis | 'ended';
  readonly originalUrl?: string;
  /** Only if the visitor may end it and see what is kept. */
  readonly connection?: Connection;
}

/** "You are connected until ...": where the gateway sends visitors after they were let in. */
export function connectedRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/connected', async (request, response) => {
    const { arrivals, connections } = portal.town;
    const arrival = arrivals.open(request.query.t);
    if (arrival !== undefined && (await isTheirs(portal, arrival)) && (await isFirst(portal, request, arrival))) {
      seeOther(portal, request, response, connectedUrl(portal, request, arrival));
      return;
    }
    const connection = connections.open(request.query.c);
    const known = connection ?? arrival;
    const adapter = known && portal.town.adapters.get(known.gateway);
    if (known === undefined || adapter === undefined) showConnected(portal, request, response, {});
    else {
      const { originalUrl } = known;
      // Whoever only named a device must not read here how much of its day is left.
      const isProved = connection !== undefined || arrival?.proof === undefined;
      const until = isProved ? await untilWhen(portal, known) : undefined;
      showConnected(portal, request, response, {
        ...{ adapter, ...(until !== undefined && { until }) },
        ...(connection !== undefined && { connection }),
        ...(originalUrl !== undefined && { originalUrl }),
      });
    }
  });
  return router;
}

/**
 * Others can read the arrival on the radio. The visitor's browser has just been told to come here, so it is the first;
 * whoever comes later sees until when and nothing else.
 */
async function isFirst(
  { store, clock }: Portal,
  { method, query: { t } }: Request,
  { madeAt }: Arrival,
): Promise<boolean> {
  // A look without a page uses nothing up, so it gets nothing either.
  if (method === 'HEAD') return false;
  return storing(store.takeOnce(String(t), madeAt + ARRIVAL_LIFETIME_MS, clock.now())).catch(() => false);
}

/** May who brings it have the connection? While the store does not answer, nothing is proved. */
async function isTheirs({ store, clock }: Portal, { madeAt, proof }: Arrival): Promise<boolean> {
  const now = clock.now();
  if (now >= madeAt + ARRIVAL_LIFETIME_MS || proof === 'none') return false;
  return proof === undefined || storing(store.isRedeemed(proof.username, now)).catch(() => false);
}

/** The address of the visitor's own page: it never leaves browser and portal. */
function connectedUrl(portal: Portal, request: IncomingMessage, arrival: Arrival): string {
  const { madeAt: _, proof: _proof, ...connection } = arrival;
  const word = portal.town.connections.close(connection);
  return `/connected?c=${word}&${LANGUAGE_PARAMETER}=${languageOf(portal, request)}`;
}

/** Renewals and ends since the word was made count. While the store does not answer, the word has to do. */
async function untilWhen({ store, clock }: Portal, { grant, until }: Connection): Promise<Millis | 'ended'> {
  const now = clock.now();
  const held = await storing(store.getGrant(grant, now)).catch(() => 'unknown' as const);
  if (held === 'unknown') return until;
  return held?.expiresAt ?? (until <= now ? until : 'ended');
}

/**
 * The address of our page within the redirect of a gateway that let the visitor in (CoovaChilli and uspot come back to
 * us first); undefined if there is none.
 */
export function returnAddress(portal: Portal, request: IncomingMessage): string | undefined {
  const asked = new URLSearchParams(queryOf(request)).get('userurl');
  const found = RETURN.exec(asked ?? '')?.groups;
  const isOurs = found?.origin === portal.town.config.portal.url;
  return isOurs ? `/connected?t=${found?.word}&${LANGUAGE_PARAMETER}=${found?.language}` : undefined;
}

/** As routes/accept.ts writes it. */
const RETURN = /^(?<origin>https?:\/\/[^/]+)\/connected\?t=(?<word>[\w-]+)&l=(?<language>[\w-]+)$/;

export function showConnected(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  online: Online,
): void {
  const { adapter } = online;
  const site = adapter && portal.town.sites.get(adapter.site);
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const kind = kindOf(online, site, portal.clock.now());
  sendPage(portal, request, response, {
    name: 'connected',
    title: t(`${kind}.title`),
    lead: t(`${kind}.lead`),
    language,
    // The form may lead on to the gateway, where a session ends of which we do not know.
    ...(adapter?.origin !== undefined && { formTarget: adapter.origin }),
    view: {
      kind,
      site,
      place: site?.id,
      restart: adapter?.restartUrl ?? null,
      ...(site !== undefined && kind === 'connected' && connectedView(portal, request, online, site)),
    },
  });
}

type Kind = 'connected' | 'over' | 'ended' | 'unsure';

/** Without a gateway's word nobody knows whether this browser is online. */
function kindOf({ until }: Online, site: Site | undefined, now: Millis): Kind {
  if (site === undefined) return 'unsure';
  if (until === 'ended') return 'ended';
  return until !== undefined && until <= now ? 'over' : 'connected';
}

function connectedView(portal: Portal, request: IncomingMessage, online: Online, site: Site) {
  const { adapter, until, originalUrl, connection } = online;
  const language = languageOf(portal, request);
  const next = originalUrl === undefined || PROBE.test(originalUrl) ? undefined : new URL(originalUrl);
  return {
    connection: connection && portal.town.connections.close(connection),
    ...(typeof until === 'number' && {
      until: portal.town.formats.get(language)?.moment(until, portal.clock.now()),
      untilIso: new Date(until).toISOString(),
    }),
    logoutUrl: adapter?.logoutUrl,
    next: next && { href: next.href, host: next.host },
    services: servicesOf(portal.town.config, site, language),
  };
}
