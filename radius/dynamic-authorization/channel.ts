import type { GatewayId } from '../../core/ids';
import type { IsAnswer, MakeRequest } from '../transport/pending-requests';
import type { Packet } from '../wire/packet';

/**
 * A way on which a Disconnect- or CoA-Request reaches a gateway: a UDP socket of ours, or a TLS connection that the
 * gateway keeps open. It gives identifiers out, sends again where the transport may lose packets, and matches answers
 * to requests; it knows nothing of what the packets say.
 */
export interface Channel {
  /** Gateways that come on this way and are not here: to another process, perhaps. */
  missing?(): ReadonlySet<GatewayId>;
  /** The secret that seals packets on this way; undefined if the gateway cannot be reached on it just now. */
  secretOf(gateway: GatewayId): Buffer | undefined;
  /**
   * Sends a request and waits for its answer.
   * @param make  writes the sealed request, with the identifier that the channel gives it
   * @param isAnswer  whether a packet from the gateway with that identifier is proven to answer these octets; one that
   *   is not is passed over, and the wait goes on
   * @returns the answer; undefined if none came in time
   */
  request(gateway: GatewayId, make: MakeRequest, isAnswer: IsAnswer): Promise<Packet | undefined>;
}
