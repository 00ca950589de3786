import type { IncomingMessage, RequestListener } from 'node:http';
import { pathOf, queryOf } from '../answer';
import type { Portal } from '../portal';
import { probeListener } from '../probes';
import { needsPlainHttp, securityHeadersFor } from '../security';

/**
 * Plain HTTP beside the portal's HTTPS. Whoever asks for the portal itself is led to HTTPS; only what began here,
 * because openNDS sends visitors to plain HTTP below level 3, goes on here. Everything else is a probe.
 */
export function plainListener(portal: Portal, pages: RequestListener): RequestListener {
  const probes = probeListener(portal);
  return (request, response) => {
    const url = new URL(portal.town.config.portal.url);
    if (hostOf(request) !== url.hostname) probes(request, response);
    else if (mayStay(portal, request)) pages(request, response);
    else {
      // Of a whole address (RFC 9112 3.2.2) only the path goes on.
      const query = queryOf(request);
      const location = url.origin + (pathOf(request) || '/') + (query === '' ? '' : `?${query}`);
      const headers = [
        ...securityHeadersFor(portal.town.headers, request),
        ...['Location', location, 'Cache-Control', 'no-store', 'Content-Length', '0'],
      ];
      response.writeHead(request.method === 'GET' || request.method === 'HEAD' ? 302 : 307, headers).end();
      request.resume();
    }
  };
}

const STAYS: ReadonlySet<string> = new Set(['opennds', 'visit', 'accept']);

function mayStay(portal: Portal, request: IncomingMessage): boolean {
  const { config } = portal.town;
  if (!config.portal.url.startsWith('https:')) return true;
  return STAYS.has(pathOf(request).split('/')[1] ?? '') && config.gateways.some(needsPlainHttp);
}

function hostOf({ headers: { host = '' } }: IncomingMessage): string {
  return host.replace(/:\d+$/, '');
}
