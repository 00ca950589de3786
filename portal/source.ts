import type { IncomingMessage } from 'node:http';

/**
 * Where a request comes from, to be compared or counted by; it is kept nowhere.
 * @param proxies  how many proxies of ours it passed: only what they wrote into X-Forwarded-For is believed
 */
export function sourceOf({ socket, headers }: IncomingMessage, proxies: number): string {
  const here = socket.remoteAddress ?? '';
  if (proxies === 0) return here;
  const forwarded = headers['x-forwarded-for'] ?? '';
  const hops = (typeof forwarded === 'string' ? forwarded : forwarded.join(',')).split(',').map((hop) => hop.trim());
  return hops.at(-Math.min(proxies, hops.length)) || here;
}
