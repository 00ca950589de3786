import { z } from 'zod';
import { CREDENTIAL_LIFETIME_MS } from '../core/grant';
import type { Random } from '../runtime/random';
import { Seal } from './seal';

const connection = z.object({
  gateway: z.string(),
  grant: z.string(),
  until: z.number(),
  originalUrl: z.string().optional(),
});

/**
 * What says to us whose connection it is. Whoever holds it may end the connection and see what is kept about it, so it
 * only ever travels between the browser and us: `/connected?c=`, `/me?c=`, and in the form of `/disconnect`.
 */
export type Connection = z.output<typeof connection>;

const arrival = connection.extend({
  madeAt: z.number(),
  /**
   * Where a redirect proves nothing: the user name that the gateway redeems for this device alone, or that nothing tells
   * who came. Without proof an arrival is no connection: it may be somebody else's device that was named.
   */
  proof: z.union([z.object({ username: z.string() }), z.literal('none')]).optional(),
});

/**
 * The same in the address that the gateway sends the visitor to, `/connected?t=`. It passes the gateway, so on an open
 * radio others can read it: for a moment it may be exchanged for a connection, after that it only shows until when.
 */
export type Arrival = z.output<typeof arrival>;

/** As long as a credential, which has to make the same way. */
export const ARRIVAL_LIFETIME_MS = CREDENTIAL_LIFETIME_MS;

/** What was sealed as one does not open as the other. @param townKey  the configuration's `key` */
export function connectionSeals(townKey: string, random: Random) {
  return {
    arrivals: new Seal<Arrival>(townKey, 'arrivals', arrival, random),
    connections: new Seal<Connection>(townKey, 'connections', connection, random),
  };
}
