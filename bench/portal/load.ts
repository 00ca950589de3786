import { connect, type Socket } from 'node:net';

/**
 * Requests as fast as they are answered, over connections that stay open, without an HTTP library: the generator must
 * cost less than the server.
 * @param next  the octets of the next request
 * @param status  what every answer must begin with
 * @returns answers per second
 */
export async function load(
  port: number,
  milliseconds: number,
  connections: number,
  status: number,
  next: () => string,
): Promise<number> {
  const end = performance.now() + milliseconds;
  const began = performance.now();
  let answers = 0;
  const run = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let head = '';
      let missing = -1;
      socket.setEncoding('latin1').once('error', reject);
      socket.on('data', (text: string) => {
        if (missing < 0) {
          head += text;
          const at = head.indexOf('\r\n\r\n');
          if (at < 0) return;
          if (!head.startsWith(`HTTP/1.1 ${status}`)) reject(new Error(`The server answered: ${head.slice(0, 60)}`));
          missing = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0) - (head.length - at - 4);
        } else missing -= text.length;
        if (missing > 0) return;
        answers++;
        head = '';
        missing = -1;
        if (performance.now() < end) socket.write(next());
        else {
          socket.destroy();
          resolve();
        }
      });
      socket.write(next());
    });
  await Promise.all(Array.from({ length: connections }, () => run(connect(port, '127.0.0.1'))));
  return (answers * 1000) / (performance.now() - began);
}
