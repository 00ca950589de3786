import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/*
 * Ports for programs that have to be told one. They lie below those that the kernel gives out by itself, and each of
 * Jest's processes has a thousand of its own, so that nothing takes one between its choice and its use. Servers of a Redis
 * Cluster talk to one another 10,000 ports further up, which has to be below the kernel's, too, and between all of these.
 */
const FIRST = 10_000;
const FOR_EACH_PROCESS = 1_000;
const first = FIRST + (Number(process.env.JEST_WORKER_ID ?? 0) % 10) * FOR_EACH_PROCESS;
let next = process.pid % FOR_EACH_PROCESS;

/** A TCP port on loopback that nobody uses. */
export const freeTcpPort = (): Promise<number> => free(tcpIsFree);

/** A UDP port on loopback that nobody uses. */
export const freeUdpPort = (): Promise<number> => free(udpIsFree);

async function free(isFree: (port: number) => Promise<boolean>): Promise<number> {
  for (let tries = 0; tries < FOR_EACH_PROCESS; tries++) {
    const port = first + next;
    next = (next + 1) % FOR_EACH_PROCESS;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${first} to ${first + FOR_EACH_PROCESS - 1} is free`);
}

function tcpIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function udpIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
