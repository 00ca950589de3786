import { Router } from 'express';
import type { Portal } from '../portal';
import { languageOf, sendPage, translator } from '../respond';

/** `/`: in a town what this Wi-Fi is; in the demo what to try. */
export function startRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/', (request, response) => {
    const { config, adapters, sites } = portal.town;
    const language = languageOf(portal, request);
    const t = translator(portal, language);
    const publicSites = config.sites.filter((site) => site.statusPage === 'public');
    sendPage(portal, request, response, {
      name: config.demo ? 'demo' : 'start',
      title: config.demo ? t('demo.title') : t('start.title', { town: config.town.name }),
      lead: t(config.demo ? 'demo.lead' : 'start.lead'),
      language,
      view: {
        sites: publicSites,
        gateways: config.gateways
          .filter((gateway) => 'uam' in gateway)
          .map((gateway) => ({
            href: `${adapters.get(gateway.id)?.origin ?? ''}/`,
            site: sites.get(gateway.site)?.name,
          })),
        ops: `http://${config.ops.listen.host}:${config.ops.listen.port}`,
      },
    });
  });
  return router;
}
