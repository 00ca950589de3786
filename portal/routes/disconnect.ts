import express, { Router } from 'express';
import { type Portal, storing } from '../portal';
import { languageOf, translator } from '../respond';
import { isCrossSite } from '../security';
import { showMessage } from './errors';
import { refuse } from './refuse';

const form = express.urlencoded({ extended: false, limit: '8kb', parameterLimit: 2 });

/** The visitor ends the connection: the grant at once, the session as soon as the gateway has been told. */
export function disconnectRoutes(portal: Portal): Router {
  const router = Router();
  router.post('/disconnect', form, async (request, response) => {
    if (isCrossSite(request, portal.town.config.portal.url)) {
      refuse(portal, request, response, 'cross-site');
      return;
    }
    const body: unknown = request.body;
    const word = typeof body === 'object' && body !== null && 'connection' in body ? body.connection : undefined;
    const connection = portal.town.connections.open(word);
    if (connection === undefined) {
      refuse(portal, request, response, 'visit-forged');
      return;
    }
    const adapter = portal.town.adapters.get(connection.gateway);
    await storing(portal.store.orderEnd({ grant: connection.grant }, portal.clock.now()));
    if (adapter?.family === 'opennds' && adapter.logoutUrl !== undefined) {
      response.set({ Location: adapter.logoutUrl, 'Cache-Control': 'no-store' }).status(303).end();
      return;
    }
    const t = translator(portal, languageOf(portal, request));
    showMessage(portal, request, response, {
      title: t('disconnected.title'),
      paragraphs: [t('disconnected.text')],
      ...(adapter !== undefined && { restart: adapter.restartUrl ?? null }),
    });
  });
  return router;
}
