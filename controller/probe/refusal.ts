import { createSocket } from 'node:dgram';
import { errnoOf } from '../../core/errors';
import type { Clock } from '../../runtime/clock';
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
    const cancel = clock.after(waitMs, () => resolve(false));
    const settle = (refused: boolean): void => {
      cancel();
      resolve(refused);
    };
    socket.on('error', (error) => settle(errnoOf(error) === 'ECONNREFUSED'));
    socket.connect(port, address, () => {
      socket.send(Buffer.alloc(0), (error) => {
        if (error) settle(errnoOf(error) === 'ECONNREFUSED');
      });
    });
  }).finally(() => socket.close());
}
