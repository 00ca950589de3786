import { Router } from 'express';
import type { Portal } from '../portal';
import { languageOf, sendPage, translator } from '../respond';

/** The long texts on pages of their own, and what robots may read. */
export function documentRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/terms', (request, response) => {
    const language = languageOf(portal, request);
    const version = portal.town.texts.versionAt(portal.clock.now());
    sendPage(portal, request, response, {
      name: 'text',
      title: translator(portal, language)('terms.title'),
      language,
      binding: true,
      view: { text: portal.town.texts.terms(language, version) },
    });
  });
  router.get('/privacy', (request, response) => {
    const language = languageOf(portal, request);
    sendPage(portal, request, response, {
      name: 'text',
      title: translator(portal, language)('visit.privacy'),
      language,
      binding: true,
      view: { text: portal.town.texts.document('privacy', language, portal.clock.now()) },
    });
  });
  router.get('/robots.txt', (_request, response) => {
    response.type('text/plain').send('User-agent: *\nDisallow: /uam/\nDisallow: /opennds/\nDisallow: /connected\n');
  });
  return router;
}
