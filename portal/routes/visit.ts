import { type Request, type Response, Router } from 'express';
import type { Site } from '../../config/schema';
import { grantEnd } from '../../core/decide';
import type { GatewayAdapter, Recognised } from '../gateways/gateway';
import { type Portal, storing } from '../portal';
import { languageOf, rawQueryOf, sendPage, translator } from '../respond';
import { refuseIfClosed } from './closed';
import { showConnected } from './connected';
import { showMessage } from './errors';
import { refuse } from './refuse';

/** A browser that a gateway sent here: /uam/<gateway>?res=..., /opennds/<gateway>?fas=... */
export function visitRoutes(portal: Portal): Router {
  const router = Router();
  for (const family of ['uam', 'opennds'] as const) {
    router.get(`/${family}/:gateway`, async (request, response) => {
      const adapter = portal.town.adapters.get(request.params.gateway);
      const site = adapter && portal.town.sites.get(adapter.site);
      if (adapter?.family !== family || site === undefined) {
        refuse(portal, request, response, 'unknown-gateway');
        return;
      }
      const rawQuery = rawQueryOf(request);
      const recognised = adapter.recognise({
        base: portal.town.config.portal.url + request.path,
        rawQuery,
        query: new URLSearchParams(rawQuery),
      });
      await show(portal, request, response, { adapter, site, recognised });
    });
  }
  return router;
}

interface Arrival {
  readonly adapter: GatewayAdapter;
  readonly site: Site;
  readonly recognised: Recognised;
}

async function show(portal: Portal, request: Request, response: Response, arrival: Arrival): Promise<void> {
  const { adapter, site, recognised } = arrival;
  if (!recognised.ok) {
    refuse(portal, request, response, recognised.reason, adapter);
    return;
  }
  portal.metrics.visit(adapter.id, recognised.stage);
  switch (recognised.stage) {
    case 'captive':
      if (!refuseIfClosed(portal, request, response, site))
        showTerms(portal, request, response, { adapter, site, recognised });
      return;
    case 'online': {
      const { device } = recognised;
      const grant = device && (await storing(portal.store.findGrant(site.id, device, portal.clock.now())));
      showConnected(portal, request, response, {
        adapter,
        ...(grant !== undefined && { grant: grant.id, until: grant.expiresAt }),
      });
      return;
    }
    case 'offline': {
      const t = translator(portal, languageOf(portal, request));
      showMessage(portal, request, response, {
        title: t(`visit.${recognised.setback}`),
        paragraphs: [],
        restart: adapter.restartUrl ?? null,
      });
    }
  }
}

function showTerms(
  portal: Portal,
  request: Request,
  response: Response,
  arrival: Arrival & { readonly recognised: Extract<Recognised, { stage: 'captive' }> },
): void {
  const { adapter, site, recognised } = arrival;
  const { texts, visits, formats, config } = portal.town;
  const language = languageOf(portal, request);
  const shownAt = portal.clock.now();
  const termsVersion = texts.versionAt(shownAt);
  const { email, phone } = config.town.contact;
  sendPage(portal, request, response, {
    name: 'visit',
    title: site.name,
    lead: translator(portal, language)('visit.lead'),
    language,
    ...(adapter.origin !== undefined && { formTarget: adapter.origin }),
    binding: true,
    view: {
      ownTexts: false,
      sealed: visits.close({ visit: recognised.visit, termsVersion, language, shownAt }),
      duration: formats.get(language)?.duration(grantEnd(site.rules, shownAt) - shownAt),
      contact: phone ?? email,
      termsVersion,
      terms: texts.terms(language, termsVersion),
      privacy: texts.privacy(language),
      setback: recognised.setback,
    },
  });
}
