import { type Request, type Response, Router } from 'express';
import type { DocumentKind } from '../../config/documents';
import type { Site } from '../../config/schema';
import type { Portal } from '../portal';
import { languageOf, sendPage, translator } from '../respond';
import { servicesOf } from '../services';
import { imprintView, statementView } from '../statements';

/** What anybody may read about this service at any time: `?site=<id>` asks for the texts of a site. */
export function documentRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/terms', (request, response) => {
    const site = siteOf(portal, request.query.site);
    const { texts } = portal.town;
    const version = texts.versionAt(portal.clock.now(), site?.id);
    showText(portal, request, response, {
      title: 'terms.title',
      text: texts.terms(languageOf(portal, request), version, site?.id),
      site,
    });
  });
  router.get('/privacy', (request, response) => {
    showDocument(portal, request, response, { kind: 'privacy', title: 'visit.privacy', saysWhatIsHeld: true });
  });
  router.get('/imprint', (request, response) => {
    if (showDocument(portal, request, response, { kind: 'imprint', title: 'imprint.title' })) return;
    showMade(portal, request, response, 'imprint');
  });
  router.get('/accessibility', (request, response) => {
    if (showDocument(portal, request, response, { kind: 'accessibility', title: 'statement.title' })) return;
    showMade(portal, request, response, 'statement');
  });
  router.get('/services/:site', (request, response, next) => {
    const site = siteOf(portal, request.params.site);
    if (site?.servicesBeforeLogin !== true) {
      next();
      return;
    }
    const language = languageOf(portal, request);
    const t = translator(portal, language);
    sendPage(portal, request, response, {
      name: 'services',
      title: t('services.title', { town: portal.town.config.town.name }),
      lead: t('services.lead'),
      language,
      view: { services: servicesOf(portal.town.config, site, language) },
    });
  });
  router.get('/robots.txt', (_request, response) => {
    const visits = ['/uam/', '/opennds/', '/mikrotik/', '/guest/', '/connected', '/me'];
    response.type('text/plain').send(`User-agent: *\n${visits.map((path) => `Disallow: ${path}\n`).join('')}`);
  });
  return router;
}

function siteOf({ town }: Portal, asked: unknown): Site | undefined {
  return typeof asked === 'string' ? town.sites.get(asked) : undefined;
}

interface Text {
  /** The key of its title. */
  readonly title: string;
  readonly text: string;
  readonly site: Site | undefined;
  /** It leads on to what is held right now. */
  readonly saysWhatIsHeld?: boolean;
}

function showText(
  portal: Portal,
  request: Request,
  response: Response,
  { title, text, site, saysWhatIsHeld }: Text,
): void {
  const language = languageOf(portal, request);
  sendPage(portal, request, response, {
    name: 'text',
    title: translator(portal, language)(title),
    language,
    binding: true,
    view: { text, place: site?.id, saysWhatIsHeld },
  });
}

/** False if neither the site nor the town nor Stadtfunk has such a text. */
function showDocument(
  portal: Portal,
  request: Request,
  response: Response,
  { kind, ...page }: { readonly kind: DocumentKind } & Omit<Text, 'text' | 'site'>,
): boolean {
  const site = siteOf(portal, request.query.site);
  const language = languageOf(portal, request);
  const text = portal.town.texts.document(kind, language, portal.clock.now(), site?.id);
  if (text === undefined) return false;
  showText(portal, request, response, { ...page, text, site });
  return true;
}

/** What the town has not written itself is made from the configuration. */
function showMade(portal: Portal, request: Request, response: Response, name: 'imprint' | 'statement'): void {
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const { config, formats } = portal.town;
  sendPage(portal, request, response, {
    name,
    title: t(`${name}.title`),
    language,
    view: name === 'imprint' ? imprintView(config) : statementView(config, language, t, formats.get(language)),
  });
}
