import { createSocket } from 'node:dgram';
import { errnoOf } from '../../core/errors';
import type { Clock } from '../../runtime/clock';
import type { HostAddress } from './resolver';

/** The host answers at once if it answers at all; the ICMP message travels once back and forth. */
const WAIT_MS = 500;

/**
 * Whether the host says that nothing listens on this UDP port. Only a connected socket is told (ICMP port unreachable
 * becomes ECONNREFUSED), so this opens one for a single empty datagram.
 */
export function refuses({ address, family }: HostAddress, port: number, clock: Clock): Promise<boolean> {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  return new Promise<boolean>((resolve) => {
    const cancel = clock.after(WAIT_MS, () => resolve(false));
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
