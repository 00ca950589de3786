import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP connection from a loopback address; undefined if it was refused. */
export async function connectFrom(port: number, localAddress = '127.0.0.1'): Promise<Socket | undefined> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => socket.destroy());
  return once(socket, 'connect').then(
    () => socket,
    () => undefined,
  );
}

/** When the other side ended the connection, in milliseconds from now. */
export function ended(socket: Socket): Promise<number> {
  const began = Date.now();
  return new Promise((resolve) => socket.once('close', () => resolve(Date.now() - began)));
}

/** Sends a text octet by octet, slowly, for as long as somebody takes it. */
export function drip(socket: Socket, text: string, everyMs: number): void {
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text.charAt(at++));
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}
