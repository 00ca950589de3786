import { Router } from 'express';
import { type AskingGateway, askingDevice, captiveState } from '../captive-state';
import { type Portal, storing } from '../portal';
import { rawQueryOf } from '../respond';
import { sourceOf } from '../source';
import { accessOf } from './closed';
import { refuse } from './refuse';

const TYPE = 'application/captive+json';

/**
 * The captive portal API (RFC 8908): devices learn its address by DHCP (RFC 8910) and ask how they stand.
 * `/captive/<gateway>?mac=...` answers a device; a browser that asks is led to the gateway's login, as is whoever follows
 * `/captive/<gateway>/portal`, the page for people.
 */
export function captiveRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/captive/:gateway', async (request, response, next) => {
    const { config, sites } = portal.town;
    const gateway = config.gateways.find(
      (one): one is AskingGateway =>
        one.id === request.params.gateway && 'captiveApi' in one && one.captiveApi !== undefined,
    );
    const site = gateway && sites.get(gateway.site);
    if (gateway === undefined || site === undefined) {
      next();
      return;
    }
    response.set({ 'Cache-Control': 'private, no-store', Vary: 'Accept' });
    if (request.accepts([TYPE, 'text/html']) === 'text/html') {
      response.status(302).set('Location', `/captive/${gateway.id}/portal`).end();
      return;
    }
    const source = sourceOf(request, config.portal.trustProxy);
    const now = portal.clock.now();
    const asking = askingDevice(new URLSearchParams(rawQueryOf(request)), { source, gateway, now });
    if (asking === undefined) {
      refuse(portal, request, response, 'device-unnamed', portal.town.adapters.get(gateway.id));
      return;
    }
    // During an exam nobody is let through, whatever they hold.
    const { isOpen } = await accessOf(portal, site, now);
    const grant = isOpen ? await storing(portal.store.findGrant(site.id, asking.device, now)) : undefined;
    const { isSigned } = asking;
    const state = captiveState(grant, site, { gateway: gateway.id, portalUrl: config.portal.url, now, isSigned });
    portal.metrics.toldCaptive(gateway.id, state.captive ? 'captive' : 'online');
    response.type(TYPE).send(Buffer.from(JSON.stringify(state)));
  });

  router.get('/captive/:gateway/portal', (request, response, next) => {
    const adapter = portal.town.adapters.get(request.params.gateway);
    if (adapter === undefined) next();
    else
      response
        .status(302)
        .set({ Location: adapter.restartUrl ?? '/', 'Cache-Control': 'no-store' })
        .end();
  });
  return router;
}
