import { createSocket, type Socket } from 'node:dgram';
import { Agent, get } from 'node:http';
import type { City } from './city';
import type { Verify } from './load';

/** Identifiers are of one octet: with so many sockets each is used again after more than half a second. */
const SOCKETS = 32;
const IDENTIFIERS = 256;
/** From then on an answer counts as missing; a gateway would have asked again. */
const TIME_OUT_MS = 1_000;

/** Milliseconds from when each request was to be sent to its answer. */
export interface Delays {
  /** Sorted. */
  readonly answered: Float64Array;
  readonly missing: number;
}

/** The value that `share` of all stay below; missing answers are above everything. */
export function quantile({ answered, missing }: Delays, share: number): number {
  const index = Math.ceil(share * (answered.length + missing)) - 1;
  return answered[index] ?? Number.POSITIVE_INFINITY;
}

/**
 * Sends at a fixed rate whether or not answers come, as a town does. The delay counts from when a request was due, so that
 * neither a server nor a sender that stops for a moment hides what it cost.
 * @param makeRequest  the nth, with this identifier
 */
export async function openLoop(
  ratePerSecond: number,
  milliseconds: number,
  port: number,
  makeRequest: (n: number, identifier: number) => Buffer,
  verify: Verify,
): Promise<Delays> {
  const count = Math.floor((ratePerSecond * milliseconds) / 1_000);
  const requests = Array.from({ length: count }, (_, n) => makeRequest(n, Math.floor(n / SOCKETS) % IDENTIFIERS));
  const delays = new Float64Array(count).fill(Number.NaN);
  const replies: (Buffer | undefined)[] = new Array(count).fill(undefined);
  let begun = 0;
  const dueAt = (n: number): number => begun + (n * 1_000) / ratePerSecond;
  /** What was sent last on a socket with an identifier. */
  const lastOf = new Int32Array(SOCKETS * IDENTIFIERS).fill(-1);
  const sockets = await Promise.all(
    Array.from({ length: SOCKETS }, (_, index) =>
      openSocket((reply) => {
        const n = lastOf[index * IDENTIFIERS + (reply[1] ?? 0)] ?? -1;
        if (n < 0 || replies[n] !== undefined) return;
        delays[n] = performance.now() - dueAt(n);
        replies[n] = reply;
      }),
    ),
  );
  begun = performance.now();
  await new Promise<void>((resolve) => {
    let next = 0;
    const step = (): void => {
      while (next < count && dueAt(next) <= performance.now()) {
        const request = requests[next];
        const index = next % SOCKETS;
        lastOf[index * IDENTIFIERS + (request?.[1] ?? 0)] = next;
        if (request !== undefined) sockets[index]?.send(request, port, '127.0.0.1');
        next += 1;
      }
      if (next < count) setImmediate(step);
      else setTimeout(resolve, TIME_OUT_MS);
    };
    step();
  });
  for (const socket of sockets) socket.close();
  // One that comes later than its identifier is used again answers the wrong request: it is missing.
  const isRight = (n: number): boolean => {
    const [request, reply] = [requests[n], replies[n]];
    return request !== undefined && reply !== undefined && verify(reply, request);
  };
  const answered = delays.filter((delay, n) => delay <= TIME_OUT_MS && isRight(n)).sort();
  return { answered, missing: count - answered.length };
}

async function openSocket(receive: (reply: Buffer) => void): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 2 ** 20,
    lookup: (address, _options, done) => done(null, address, 4),
  });
  socket.on('message', receive);
  // With such a look-up it listens before `bind` returns.
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

const VISITORS_PER_SECOND = 50;
const SCRAPE_MS = 5_000;
const PAGE =
  '/uam/gw-portal?res=notyet&uamip=10.1.0.1&uamport=3990&challenge=6404e33836ce57634cd31263be711b9e' +
  '&called=DE-3C-70-95-19-7B&mac=02-11-22-33-44-55&ip=10.1.0.2&nasid=gw-portal&sessionid=1795288769000000';

/** Visitors on the portal's first page and a monitoring system at the ops server, until `stop`. */
export function startVisitors({ portalPort, opsPort }: City): { stop(): Promise<void> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let failed = 0;
  const visit = (port: number, path: string) =>
    get({ host: '127.0.0.1', port, path, agent, headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      if (response.statusCode !== 200) failed += 1;
      response.resume();
    }).on('error', () => {
      failed += 1;
    });
  const timers = [
    setInterval(() => visit(portalPort, PAGE), 1_000 / VISITORS_PER_SECOND),
    setInterval(() => visit(opsPort, '/metrics'), SCRAPE_MS),
  ];
  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      agent.destroy();
      if (failed > 0) throw new Error(`${failed} pages did not come`);
    },
  };
}
