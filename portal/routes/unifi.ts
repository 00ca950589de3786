import { Router } from 'express';
import type { UnifiGateway } from '../../config/schema';
import { DeviceAddress } from '../../core/mac';
import type { Portal } from '../portal';
import { rawQueryOf } from '../respond';
import { refuse } from './refuse';
import { arrive } from './visit';

/**
 * GET /guest/s/<site>/: UniFi always sends visitors to this path, with the controller's name of its site. Several of our
 * gateways may be at one controller; the access point says which is meant.
 */
export function unifiRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/guest/s/:name', async (request, response) => {
    const { config, adapters } = portal.town;
    const atSite = config.gateways.filter(
      (gateway): gateway is UnifiGateway => gateway.kind === 'unifi' && gateway.controller.site === request.params.name,
    );
    const ap = DeviceAddress.parse(new URLSearchParams(rawQueryOf(request)).get('ap') ?? '');
    const meant = atSite.find((gateway) => ap !== undefined && gateway.accessPoints.some((text) => isAt(ap, text)));
    const gateway = meant ?? atSite.find(({ accessPoints }) => accessPoints.length === 0) ?? atSite[0];
    const adapter = gateway && adapters.get(gateway.id);
    if (adapter === undefined) refuse(portal, request, response, 'unknown-gateway');
    else await arrive(portal, request, response, adapter, config.portal.url + request.path);
  });
  return router;
}

function isAt(ap: DeviceAddress, configured: string): boolean {
  return DeviceAddress.parse(configured)?.equals(ap) === true;
}
