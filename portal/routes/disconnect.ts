import { type Request, type Response, Router } from 'express';
import { nextDay } from '../../core/pseudonym';
import { dayCount } from '../../core/rules';
import { seeOther } from '../answer';
import type { Connection } from '../connection';
import { type Ending, endConnection } from '../ending';
import { readForm } from '../form';
import type { GatewayAdapter } from '../gateways/gateway';
import type { Portal } from '../portal';
import { languageOf, sendPage, translator } from '../respond';
import { isCrossSite } from '../security';
import { refuse } from './refuse';

/** POST /disconnect: the grant ends at once, the session as soon as the gateway has been told. */
export function disconnectRoutes(portal: Portal): Router {
  const router = Router();
  router.post('/disconnect', async (request, response) => {
    const form = await readForm(request);
    if (isCrossSite(request, portal.town.config.portal.url)) {
      refuse(portal, request, response, 'cross-site');
      return;
    }
    const connection = portal.town.connections.open(form.get('connection'));
    if (connection === undefined) {
      refuse(portal, request, response, 'visit-forged');
      return;
    }
    const adapter = portal.town.adapters.get(connection.gateway);
    const ending = await endConnection(portal, connection, adapter);
    portal.metrics.ended(ending);
    if (ending === 'unknown' && adapter?.logoutUrl !== undefined) {
      seeOther(portal, request, response, adapter.logoutUrl);
      return;
    }
    showEnding(portal, request, response, { ending, connection, adapter });
  });
  return router;
}

interface Shown {
  readonly ending: Ending;
  readonly connection: Connection;
  readonly adapter: GatewayAdapter | undefined;
}

/** Says what happened, and if the gateway did not do it, what the visitor can do. */
function showEnding(portal: Portal, request: Request, response: Response, shown: Shown): void {
  const { ending, connection, adapter } = shown;
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const isOver = ending === 'ended' || ending === 'under-way';
  const until = portal.town.formats.get(language)?.moment(connection.until, portal.clock.now()) ?? '';
  sendPage(portal, request, response, {
    name: 'disconnected',
    title: t(isOver ? 'disconnected.title' : 'disconnected.deleted'),
    language,
    view: {
      text: t(`disconnected.${ending}`, { until }),
      erased: erasedText(portal, request, adapter),
      isOver,
      connection: portal.town.connections.close(connection),
      logoutUrl: adapter?.logoutUrl,
      restart: adapter?.restartUrl ?? null,
    },
  });
}

/** Where the day counts, what was used is kept beside the pseudonym until the day is over. */
function erasedText(portal: Portal, request: Request, adapter: GatewayAdapter | undefined): string {
  const { sites, config, formats } = portal.town;
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const site = adapter && sites.get(adapter.site);
  if (site === undefined || dayCount(site.rules) === undefined) return t('disconnected.erased');
  const now = portal.clock.now();
  const until = formats.get(language)?.moment(nextDay(now, config.town.timeZone), now) ?? '';
  return `${t('disconnected.erased.day')} ${t('me.day', { until })}`;
}
