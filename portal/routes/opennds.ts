import express, { type Request, type Response, Router } from 'express';
import ipaddr from 'ipaddr.js';
import { rangeOf } from '../../config/networks';
import type { OpenndsGateway } from '../../config/schema';
import { isOurPath } from '../gateways/opennds';
import { AgentReports } from '../gateways/opennds/agent';
import { answerAuthmon, question } from '../gateways/opennds/authmon';
import { type Portal, storing } from '../portal';
import { rawQueryOf } from '../respond';
import { refuse } from './refuse';
import { visit } from './visit';

const form = express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 8 });
/** Whatever type the access point's program for fetching pages says. */
const report = express.text({ type: () => true, limit: '64kb', defaultCharset: 'latin1' });

/** What openNDS access points ask themselves: authmon at levels 3 and 4, on the path of their visitors, and the agent. */
export function openndsRoutes(portal: Portal): Router {
  const router = Router();
  const reports = new AgentReports(portal.store, portal.clock, (site, added) => portal.metrics.used(site, added));
  router
    .route('/opennds/:gateway/:secret')
    .get(async (request, response) => {
      const query = new URLSearchParams(rawQueryOf(request));
      if (query.has('auth_get')) await authmon(portal, request, response, Object.fromEntries(query));
      else await visit(portal, request, response);
    })
    .post(form, (request, response) => authmon(portal, request, response, request.body));
  router.post('/agent/:gateway', report, async (request, response) => {
    const gateway = gatewayOf(portal, request);
    const text: unknown = request.body;
    if (gateway === undefined || typeof text !== 'string') {
      refuse(portal, request, response, 'unknown-gateway');
      return;
    }
    const { result, body } = await storing(reports.take(gateway, text));
    portal.metrics.gatewayAsked(gateway.id, 'agent', result);
    say(response, body === undefined ? 403 : 200, body ?? '');
  });
  return router;
}

async function authmon(portal: Portal, request: Request, response: Response, asked: unknown): Promise<void> {
  const gateway = gatewayOf(portal, request);
  const parsed = question.safeParse(asked);
  if (gateway === undefined || gateway.level < 3 || !isOurPath(gateway, request.path)) {
    refuse(portal, request, response, 'unknown-gateway');
    return;
  }
  portal.metrics.gatewayAsked(gateway.id, 'authmon', parsed.success ? 'taken' : 'forged');
  if (!parsed.success) {
    say(response, 400, '');
    return;
  }
  say(response, 200, await storing(answerAuthmon(portal.store, gateway.id, parsed.data, portal.clock.now())));
}

/** The openNDS gateway that the path names, if the question comes from where it may ask. */
function gatewayOf({ town }: Portal, { params, ip }: Request): OpenndsGateway | undefined {
  const gateway = town.config.gateways.find(({ id }) => id === params.gateway);
  if (gateway?.kind !== 'opennds') return undefined;
  return gateway.sources === undefined || isFrom(gateway.sources, ip ?? '') ? gateway : undefined;
}

function isFrom(networks: readonly string[], ip: string): boolean {
  if (!ipaddr.isValid(ip)) return false;
  const address = ipaddr.process(ip);
  return networks
    .map(rangeOf)
    .some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

function say(response: Response, status: number, text: string): void {
  response.status(status).set({ 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }).end(text);
}
