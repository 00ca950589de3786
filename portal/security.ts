import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import helmet from 'helmet';
import type { Config, Gateway } from '../config/schema';

/** Names and values in turn, as node:http sends them fastest. */
export type Headers = readonly string[];

/** The headers of every answer. */
export interface SecurityHeaders {
  /** Over plain HTTP, and for hosts that are not the portal's. */
  readonly plain: Headers;
  /** Over TLS for the portal's own host: these are plain and Strict-Transport-Security. */
  readonly secure: Headers;
  readonly host: string;
  readonly trustProxy: boolean;
}

/** What helmet says, asked once for each configuration. */
export function securityHeaders(config: Config): SecurityHeaders {
  const { url, trustProxy } = config.portal;
  const { protocol, host } = new URL(url);
  const plain = helmetHeaders(false);
  return {
    plain,
    secure: protocol === 'https:' ? helmetHeaders(strictTransportSecurity(config)) : plain,
    host,
    trustProxy: trustProxy > 0,
  };
}

/**
 * Below level 3 openNDS sends visitors to a port of plain HTTP on the same host. A browser that remembers "only https here" would ask
 * that port for TLS, and whoever was online yesterday would not get in today; so there browsers are told to forget it.
 */
function strictTransportSecurity({ gateways }: Config) {
  const needsHttp = gateways.some(needsPlainHttp);
  return { maxAge: needsHttp ? 0 : 31_536_000, includeSubDomains: false };
}

/** openNDS sends visitors to plain HTTP below level 3. */
export function needsPlainHttp(gateway: Gateway): boolean {
  return gateway.kind === 'opennds' && gateway.level < 3;
}

function helmetHeaders(strictTransportSecurity: { maxAge: number; includeSubDomains: boolean } | false): Headers {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const set = helmet({
    // Each page sets its own: its form may lead to its own gateway only.
    contentSecurityPolicy: false,
    // `same-origin` keeps the redirect's parameters from other hosts and still lets the browser say where a form came from.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity,
  });
  set(request, response, () => undefined);
  return response.getHeaderNames().flatMap((name) => [name, String(response.getHeader(name))]);
}

/** The headers for this request. A header of a proxy counts only if proxies are configured. */
export function securityHeadersFor(
  { plain, secure, host, trustProxy }: SecurityHeaders,
  request: IncomingMessage,
): Headers {
  const isSecure =
    request.socket instanceof TLSSocket || (trustProxy && request.headers['x-forwarded-proto'] === 'https');
  return isSecure && request.headers.host === host ? secure : plain;
}

/**
 * The Content-Security-Policy of a page: nothing but its own style, nothing loaded, no script.
 * @param formTargets  origins to which its form may lead. Chromium holds every redirect that follows the form against
 *   this list, so the gateway's must be in it.
 */
export function contentSecurityPolicy(styleHash: string, formTargets: readonly string[]): string {
  return [
    "default-src 'none'",
    `style-src ${styleHash}`,
    // The empty icon, which keeps browsers from asking for /favicon.ico.
    'img-src data:',
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join(';');
}

/**
 * Does the browser say that a form of another site sent this request? Old phones and the small browsers that open for
 * captive portals say nothing, or `Origin: null`; the sealed field protects them.
 */
export function isCrossSite({ headers }: IncomingMessage, portalUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  if (origin === undefined || origin === 'null') return false;
  const ours = [new URL(portalUrl).host, headers.host];
  return !(URL.canParse(origin) && ours.includes(new URL(origin).host));
}
