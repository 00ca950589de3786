import type { Channel } from '../../dynamic-authorization/channel';
import { RADSEC_SECRET } from './identity';
import type { RadsecServer } from './server';

/** Reaches gateways on the connection that they keep open, even behind NAT [RFC 6614 2.1, RFC 8559 4]. */
export function radsecChannel(server: RadsecServer): Channel {
  return {
    missing: () => new Set([...server.counts()].flatMap(([gateway, count]) => (count === 0 ? [gateway] : []))),
    secretOf: (gateway) => (server.connectionOf(gateway) === undefined ? undefined : RADSEC_SECRET),
    request: async (gateway, make, isAnswer) => server.connectionOf(gateway)?.request(make, isAnswer),
  };
}
