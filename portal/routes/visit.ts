import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Language, Site } from '../../config/schema';
import { grantEnd } from '../../core/decide';
import { dayCount } from '../../core/rules';
import { localDate, MINUTE, type Millis, SECOND } from '../../core/time';
import { type Soon, whenThere } from '../../runtime/soon';
import { type Handler, pathOf, queryOf, seeOther } from '../answer';
import type { GatewayAdapter, Recognised, Redirect } from '../gateways/gateway';
import { type Portal, storing } from '../portal';
import { languageOf, type Page, rawQueryOf, sendPrepared, translator } from '../respond';
import { usedToday } from '../used-today';
import type { ShownVisit } from '../visit-seal';
import { blockedLines, refuseIfClosed } from './closed';
import { returnAddress, showConnected } from './connected';
import { showMessage } from './errors';
import { refuse } from './refuse';
import { openVisit } from './shown-visit';
import { showUsedUp, whatIsUsedUp } from './used-up';

/** GET /<family>/<gateway>?...: a browser that a gateway sent here, to the address that has its name; openNDS's own path may follow. */
export const visit: Handler = (portal, request, response) => {
  const path = pathOf(request);
  const slash = path.indexOf('/', 1);
  const next = path.indexOf('/', slash + 1);
  const adapter = portal.town.adapters.get(path.slice(slash + 1, next < 0 ? undefined : next));
  if (adapter === undefined || adapter.family !== path.slice(1, slash)) {
    refuse(portal, request, response, 'unknown-gateway');
    return;
  }
  return arrive(portal, request, response, adapter, portal.town.config.portal.url + path);
};

class Redirected implements Redirect {
  readonly base: string;
  readonly rawQuery: string;

  constructor(base: string, rawQuery: string) {
    this.base = base;
    this.rawQuery = rawQuery;
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.rawQuery);
  }
}

/**
 * Answers a browser that a gateway sent here.
 * @param base  the address as the gateway wrote it, without the query
 */
export function arrive(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  adapter: GatewayAdapter,
  base: string,
): Soon<void> {
  const site = portal.town.sites.get(adapter.site);
  if (site === undefined) throw new Error(`The gateway ${adapter.id} has no site.`);
  const recognised = adapter.recognise(new Redirected(base, rawQueryOf(request)));
  if (!recognised.ok) {
    refuse(portal, request, response, recognised.reason, adapter);
    return;
  }
  portal.metrics.visit(adapter.id, recognised.stage);
  if (recognised.stage === 'captive') return showCaptive(portal, request, response, { adapter, site, recognised });
  if (recognised.stage === 'online') return showOnline(portal, request, response, { adapter, site, recognised });
  return showOffline(portal, request, response, { adapter, site, recognised });
}

/** GET /visit?visit=<sealed>&l=<language>: the terms once more, in another language. */
export const visitAgain: Handler = async (portal, request, response) => {
  const returning = openVisit(portal, request, response, new URLSearchParams(queryOf(request)).get('visit'));
  if (returning === undefined) return;
  const { shown, adapter, site } = returning;
  if (await refuseIfClosed(portal, request, response, site)) return;
  await showTerms(portal, request, response, { ...shown, adapter, site });
};

interface Arrived<Stage extends Recognised> {
  readonly adapter: GatewayAdapter;
  readonly site: Site;
  readonly recognised: Stage;
}
type Captive = Extract<Recognised, { stage: 'captive' }>;
type Online = Extract<Recognised, { stage: 'online' }>;
type Offline = Extract<Recognised, { stage: 'offline' }>;

function showCaptive(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  { adapter, site, recognised }: Arrived<Captive>,
): Soon<void> {
  const { visit, setback } = recognised;
  portal.metrics.placed(adapter.id, visit.accessPoint !== undefined);
  const terms = () =>
    showTerms(portal, request, response, { adapter, site, visit, setback, shownAt: portal.clock.now() });
  return whenThere(refuseIfClosed(portal, request, response, site, visit.language), (isRefused) => {
    if (isRefused) return;
    if (setback !== 'rejected') return terms();
    return whenThere(whatIsUsedUp(portal, { adapter, site }, recognised), (used) =>
      used === undefined ? terms() : showUsedUp(portal, request, response, { adapter, site, ...used }),
    );
  });
}

async function showOnline(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  { adapter, site, recognised }: Arrived<Online>,
): Promise<void> {
  const onward = returnAddress(portal, request);
  if (onward !== undefined) {
    seeOther(portal, request, response, onward);
    return;
  }
  const { device, secondsLeft } = recognised;
  const now = portal.clock.now();
  const grant = device && (await storing(portal.store.findGrant(site.id, device, now)));
  const told = secondsLeft && now + Math.min(secondsLeft, site.rules.sessionSeconds) * SECOND;
  const until = grant?.expiresAt ?? told;
  // Others can read this address on the radio, so it shows until when and no more.
  showConnected(portal, request, response, { adapter, ...(until !== undefined && { until }) });
}

function showOffline(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  { adapter, recognised }: Arrived<Offline>,
): void {
  const t = translator(portal, languageOf(portal, request));
  showMessage(portal, request, response, {
    title: t(`visit.${recognised.setback}`),
    paragraphs: [],
    restart: adapter.restartUrl ?? null,
  });
}

interface Showing extends Pick<ShownVisit, 'visit' | 'shownAt'> {
  readonly setback?: ShownVisit['setback'] | undefined;
  readonly adapter: GatewayAdapter;
  readonly site: Site;
}

function showTerms(portal: Portal, request: IncomingMessage, response: ServerResponse, showing: Showing): Soon<void> {
  const { adapter, site, visit } = showing;
  const now = portal.clock.now();
  // Whoever may have named the device of somebody else must not learn from the page how long it was online.
  const used = adapter.vouches ? usedToday(portal, site, visit.device, now) : undefined;
  return whenThere(used, (use) => {
    const allowed = Math.max(0, grantEnd(site.rules, now, use?.seconds) - now);
    sendTerms(portal, request, response, showing, allowed, now);
  });
}

function sendTerms(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  showing: Showing,
  allowed: Millis,
  now: Millis,
): void {
  const { adapter, site, visit, setback, shownAt } = showing;
  const { texts, visits, config } = portal.town;
  const language = languageOf(portal, request, visit.language);
  const termsVersion = texts.versionAt(now, site.id);
  const today = localDate(now, config.town.timeZone);
  sendPrepared(portal, request, response, {
    key: `${adapter.id} ${language} ${today} ${Math.round(allowed / MINUTE)} ${setback}`,
    make: () => termsPage(portal, showing, { language, termsVersion, allowed, now }),
    field: visits.close({ visit, termsVersion, language, shownAt, setback }),
  });
}

interface Wording {
  readonly language: Language;
  readonly termsVersion: string;
  /** How long the visitor may be online. */
  readonly allowed: Millis;
  readonly now: Millis;
}

/** The page but for the sealed visit. What it depends on is in the key above; texts change with the day. */
function termsPage(portal: Portal, { adapter, site, setback }: Showing, wording: Wording): Page {
  const { texts, formats, config } = portal.town;
  const { language, termsVersion, allowed, now } = wording;
  const { email, phone } = config.town.contact;
  return {
    name: 'visit',
    title: site.name,
    lead: translator(portal, language)('visit.lead'),
    language,
    ...(adapter.origin !== undefined && { formTarget: adapter.origin }),
    binding: true,
    view: {
      ownTexts: false,
      place: site.id,
      servicesPage: site.servicesBeforeLogin,
      duration: formats.get(language)?.duration(allowed),
      contact: phone ?? email,
      termsVersion,
      terms: texts.terms(language, termsVersion, site.id),
      privacy: texts.document('privacy', language, now, site.id),
      setback,
      // Who used the day up is rejected by the gateway there, and no page may say more than "perhaps".
      perhapsUsedUp: setback === 'rejected' && !adapter.vouches && dayCount(site.rules) !== undefined,
      byDay: dayCount(site.rules) !== undefined,
      blocked: blockedLines(site, translator(portal, language), (at) => formats.get(language)?.day(at) ?? '', now),
    },
  };
}
