import type { RequestListener } from 'node:http';
import { isWithin } from '../config/networks';
import type { GatewayAdapter } from './gateways/gateway';
import type { Portal } from './portal';
import { probeKind } from './probe-kinds';
import { securityHeadersFor } from './security';

/**
 * Answers what captive devices ask of the whole internet, for gateways that can only send it on to us. Everything gets
 * the same answer: on to the login. Never an error and never 511, which phones take for "no internet".
 */
export function probeListener(portal: Portal): RequestListener {
  return (request, response) => {
    const target = loginFor(portal, request.socket.remoteAddress ?? '');
    portal.metrics.probed(probeKind(request.headers.host));
    const body = Buffer.from(`<!DOCTYPE html><title>WLAN</title><a href="${escaped(target)}">WLAN</a>\n`);
    const headers = [
      ...securityHeadersFor(portal.town.headers, request),
      ...['Location', target, 'Cache-Control', 'no-store', 'Connection', 'close'],
      ...['Content-Security-Policy', "default-src 'none';base-uri 'none';frame-ancestors 'none'"],
      ...['Content-Type', 'text/html; charset=utf-8', 'Content-Length', String(body.length)],
    ];
    response.writeHead(302, headers).end(request.method === 'HEAD' ? undefined : body);
    // What a device may have sent along is of no interest.
    request.resume();
  };
}

/** The login of the gateway that the request comes from; the portal's first page if it comes from none that we know. */
function loginFor({ town }: Portal, source: string): string {
  const gateway = town.config.gateways.find(
    (one) => 'radius' in one && town.adapters.has(one.id) && isWithin(source, one.radius.clients),
  );
  const adapter: GatewayAdapter | undefined = gateway && town.adapters.get(gateway.id);
  return adapter?.restartUrl ?? `${town.config.portal.url}/`;
}

function escaped(url: string): string {
  return url.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
