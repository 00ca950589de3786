import type { IncomingMessage, ServerResponse } from 'node:http';
import Negotiator from 'negotiator';
import { ENCODINGS, type Encoding, type Octets } from './compress';
import type { Portal } from './portal';
import { Recent } from './recent';
import { type Headers, securityHeadersFor } from './security';

/** Answers one kind of request. Express routes are of this form, too, so whatever a handler calls serves both. */
export type Handler = (portal: Portal, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Sends a whole answer at once, with the headers that every answer carries. */
export function answer(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: { readonly status: number; readonly headers: Headers; readonly body?: Buffer | Octets },
): void {
  const length = String(body?.length ?? 0);
  response
    .writeHead(status, [...securityHeadersFor(portal.town.headers, request), ...headers, 'Content-Length', length])
    .end(body, 'latin1');
}

/** Sends the browser on with a GET, whatever it asked with. */
export function seeOther(portal: Portal, request: IncomingMessage, response: ServerResponse, location: string): void {
  answer(portal, request, response, { status: 303, headers: ['Location', location, 'Cache-Control', 'no-store'] });
}

/** The path of a request as it arrived, and its query. Proxies may send the whole address (RFC 9112 3.2.2). */
export function pathOf({ url = '/' }: IncomingMessage): string {
  const at = url.indexOf('?');
  const path = at < 0 ? url : url.slice(0, at);
  return path.startsWith('/') ? path : path.replace(/^https?:\/\/[^/]*/i, '');
}

export function queryOf({ url = '/' }: IncomingMessage): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

/** By the header: browsers say the same few things over and over. */
const encodings = new Recent<string, Encoding>(200);

export function encodingOf(request: IncomingMessage): Encoding {
  const accepted = request.headers['accept-encoding'];
  if (accepted === undefined) return 'identity';
  const choose = (): Encoding => {
    const acceptable = new Negotiator(request).encodings([...ENCODINGS]);
    return ENCODINGS.find((encoding) => acceptable.includes(encoding)) ?? 'identity';
  };
  return String(accepted).length > 200 ? choose() : encodings.get(String(accepted), choose);
}
