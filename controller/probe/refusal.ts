import { createSocket } from 'node:dgram';
import { errnoOf } from '../../core/errors';
import type { Clock } from '../../runtime/clock';
import { atEndOfTurn } from '../../runtime/turn';
import type { HostAddress } from './resolver';

/**
 * Whether the host says that nothing listens on this UDP port. Only a connected socket is told (ICMP port unreachable
 * becomes ECONNREFUSED), so this opens one for a single empty datagram.
 * @param waitMs  the host says so at once or not at all; the message travels once back and forth
 */
export function refuses(
  { address, family }: HostAddress,
  port: number,
  waitMs: number,
  clock: Clock,
): Promise<boolean> {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  return new Promise<boolean>((resolve) => {
    let cancel = (): void => {};
    const settle = (refused: boolean): void => {
      cancel();
      resolve(refused);
    };
    const settleBy = (error: Error | null): void => {
      if (error !== null) settle(errnoOf(error) === 'ECONNREFUSED');
    };
    socket.on('error', settleBy);
    socket.connect(port, address, () => {
      socket.send(Buffer.alloc(0), settleBy);
      // What arrived while this process was busy is looked at first: the end of the time may be noticed before it.
      cancel = clock.after(waitMs, () => atEndOfTurn(() => settle(false)));
    });
  }).finally(() => socket.close());
}
