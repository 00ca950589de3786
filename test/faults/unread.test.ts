import type { Socket } from 'node:net';
import { SECOND } from '../../core/time';
import { systemClock } from '../../runtime/clock';
import { gatewayOf } from '../support/product';
import { redirectOf } from '../support/visitor';
import { until } from '../support/wait';
import { Evidence } from './evidence';
import { DRILL_MS, figures, inForm } from './forms';
import { type RunningTown, startTown } from './running-town';
import { connectFrom } from './strangers';

const CONNECTIONS = inForm(1, 20);
/** What the kernel holds of one connection takes a few hundred answers; the rest would lie with us. */
const REQUESTS = 1_000;
/** node:http reads all requests that have come at once, also those of a connection that has been ended. */
const MOST_MEGABYTES = inForm(150, 400);
/** Nobody waits for a limit of time to be over; this is for a machine that is busy with everything else. */
const PUT_OUT_WITHIN_MS = 25 * SECOND;

describe('answers that nobody reads', () => {
  let town: RunningTown;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    // Longer than the drill takes: it is not the time for an answer that ends these connections.
    const limits = { requestSeconds: 60, connectionsPerSource: 4_096 };
    town = await startTown({ path: './data' }, (portal) => ({ portal: { ...portal, limits } }));
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    return town.remove();
  });

  const residentMegabytes = async () =>
    ((await town.product.metric('stadtfunk_process_resident_memory_bytes')) ?? 0) / 2 ** 20;

  /** A browser tries again when a connection that it had kept is gone. */
  const gotIn = () =>
    until('a visitor gets in', async () => (await town.walkIn('rathaus').catch(() => undefined))?.status === 303);

  /** Asks again and again over one connection and takes nothing; when the other side had enough, in milliseconds. */
  async function neverReads(port: number, request: string): Promise<number> {
    const socket = await connectFrom(port);
    if (socket === undefined) throw new Error('no connection');
    sockets.push(socket);
    const began = systemClock.monotonic();
    socket.write(request.repeat(REQUESTS));
    // Who does not read learns of the end only when it writes. Where the kernel has taken all answers, this is no request.
    const more = setInterval(() => socket.write('X'), 250);
    return new Promise((resolve) => {
      socket.once('close', () => {
        clearInterval(more);
        resolve(systemClock.monotonic() - began);
      });
    });
  }

  test(
    'unread-answers: who asks and does not read is put out, everywhere, and holds up nobody',
    async () => {
      const evidence = new Evidence('unread-answers');
      const { product, at, walkIn, newDevice } = town;
      const { portal, ops } = product.ports;
      const holder = newDevice();
      expect((await walkIn('schule', holder)).status).toBe(303);
      const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
      const form = 'POST /accept HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
      const page = get(redirectOf(gatewayOf(product), newDevice()));
      const endpoints: readonly (readonly [number, string])[] = [
        ...[page, form, get('/'), get('/transparency'), get('/status')].map((request) => [portal, request] as const),
        ...['/metrics', '/metrics/aps', '/sd/aps', '/readyz'].map((path) => [ops, get(path)] as const),
      ];
      const before = await residentMegabytes();
      let most = before;
      const outcomes = Promise.all(
        endpoints.flatMap(([port, request]) => Array.from({ length: CONNECTIONS }, () => neverReads(port, request))),
      );
      let over = false;
      void outcomes.finally(() => {
        over = true;
      });
      const served: number[] = [];
      await until('all have been put out', async () => {
        const asked = systemClock.monotonic();
        await gotIn();
        expect((await at('schule').login(holder))?.accepted).toBe(true);
        served.push(systemClock.monotonic() - asked);
        most = Math.max(most, await residentMegabytes());
        return over;
      });
      const took = await outcomes;
      await evidence.metric(product, 'stadtfunk_portal_dropped_total{reason="impatient"}', (count) => count > 0);
      const [grownMegabytes, longestMs, slowestMs] = [most - before, Math.max(...took), Math.max(...served)].map(
        Math.round,
      );
      figures('unread-answers', {
        ...{ connections: took.length, longestMs: longestMs ?? 0 },
        ...{ grownMegabytes: grownMegabytes ?? 0, slowestMs: slowestMs ?? 0 },
      });
      expect(longestMs).toBeLessThan(PUT_OUT_WITHIN_MS);
      expect(grownMegabytes).toBeLessThan(MOST_MEGABYTES);
      evidence.isWhatTheTableTells();
    },
    DRILL_MS,
  );
});
