import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { DeviceAddress } from '../core/mac';
import { VisitSeal } from '../portal/visit-seal';
import { packageRoot } from '../runtime/package-root';
import { systemRandom } from '../runtime/random';
import { type Figure, median, type Run } from './figure';
import { Load } from './portal/load';
import { type Answer, BENCH_KEY, type Recorded } from './portal/town';
import { pinGenerator, pinnedToServerCore } from './radius/pin';

const ROUNDS = 3;
const VISITORS = 20_000;
const CONNECTIONS = 32;
/** Until the compiler has seen enough of the portal; it is several times as fast afterwards. */
const WARM_UP_ANSWERS = 30_000;
/** What 99 of 100 visitors wait at most, half as many coming as could be served. */
const P99_BOUND_MS = 50;
const HOST = 'Host: 127.0.0.1\r\n';

/** The visitor's page and the acceptance (durable grant included), in turns with a bare server sending the same. */
export const run: Run = async (seconds) => {
  pinGenerator();
  const ours = await serve('portal');
  const accept = acceptances();
  const recorded: Recorded = {
    view: await ask(ours.port, 'GET', PAGE),
    accept: await ask(ours.port, 'POST', '/accept', accept.body()),
  };
  const bare = await serve(recorded);
  const view = `GET ${PAGE} HTTP/1.1\r\n${HOST}Accept-Encoding: gzip\r\nAccept-Language: de\r\n\r\n`;
  try {
    return [
      ...(await measured('portal.view', seconds, ours.port, bare.port, 200, () => view)),
      ...(await measured('portal.accept', seconds, ours.port, bare.port, 303, accept.request)),
    ];
  } finally {
    ours.child.disconnect();
    bare.child.disconnect();
  }
};

const PAGE =
  '/uam/town-hall?res=notyet&uamip=10.1.0.1&uamport=3990&challenge=6404e33836ce57634cd31263be711b9e' +
  '&called=DE-3C-70-95-19-7B&mac=02-11-22-33-44-55&ip=10.1.0.2&nasid=town-hall&sessionid=1795288769000000';

async function serve(what: 'portal' | Recorded): Promise<{ child: ChildProcess; port: number }> {
  const script = join(__dirname, 'portal', 'server.ts');
  const args = ['--require', join(packageRoot, 'test/store/typescript.cjs'), script];
  const [command, all] = pinnedToServerCore(process.execPath, args);
  const child = spawn(command, all, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(what);
  const [port] = await once(child, 'message');
  return { child, port: Number(port) };
}

/** Forms as twenty thousand visitors' browsers send them. */
function acceptances() {
  const seal = new VisitSeal(BENCH_KEY, systemRandom);
  const visits = Array.from({ length: VISITORS }, (_, i) => {
    const device = DeviceAddress.parse(`02005e${i.toString(16).padStart(6, '0')}`);
    if (device === undefined) throw new Error('no address');
    const visit = { gateway: 'town-hall', site: 'square', device, ticket: '6404e33836ce57634cd31263be711b9e' };
    return { visit, termsVersion: '2026-11', language: 'de' } as const;
  });
  let at = 0;
  // Each form is of a page of its own: one that was accepted before opens nothing.
  const body = (): string => {
    const shown = visits[at++ % VISITORS];
    return shown === undefined ? '' : `visit=${seal.close({ ...shown, shownAt: Date.now() })}`;
  };
  const type = 'Content-Type: application/x-www-form-urlencoded\r\n';
  return {
    body,
    request: () => {
      const form = body();
      return `POST /accept HTTP/1.1\r\n${HOST}${type}Content-Length: ${form.length}\r\n\r\n${form}`;
    },
  };
}

/** One answer of the portal, as the bare server shall repeat it. */
function ask(port: number, method: string, path: string, body?: string): Promise<Answer> {
  const headers = { 'Accept-Encoding': 'gzip', ...(body && { 'Content-Type': 'application/x-www-form-urlencoded' }) };
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', method, path, headers }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      const { date, connection, 'keep-alive': _, ...kept } = response.headers;
      resolve({ status: response.statusCode ?? 0, headers: kept, body: Buffer.concat(parts).toString('base64') });
    })
      .once('error', reject)
      .end(body);
  });
}

/** How many there are a second, in turns with the bare server; and how long they take at half of that. */
async function measured(
  name: string,
  seconds: number,
  ours: number,
  bare: number,
  status: number,
  next: () => string,
): Promise<Figure[]> {
  const milliseconds = (seconds * 1000) / (2 * ROUNDS);
  const [portal, peer] = [await Load.open(ours, CONNECTIONS, status), await Load.open(bare, CONNECTIONS, status)];
  const values: number[] = [];
  const peers: number[] = [];
  for (const load of [portal, peer]) {
    for (let answers = 0; answers < WARM_UP_ANSWERS; ) answers += await load.asFastAsAnswered(1000, next);
  }
  for (let round = 0; round < ROUNDS; round++) {
    peers.push(await peer.asFastAsAnswered(milliseconds, next));
    values.push(await portal.asFastAsAnswered(milliseconds, next));
  }
  const value = median(values);
  const took = await portal.atRate(value / 2, seconds * 1000, next);
  const slowest = took[Math.floor(took.length * 0.99)] ?? Number.NaN;
  for (const load of [portal, peer]) load.close();
  return [
    { name, value, unit: '1/s', against: 'node:http, same bytes', ratio: value / median(peers) },
    {
      name: `${name}.p99`,
      value: slowest,
      unit: 'ms',
      against: `${P99_BOUND_MS} ms, at half the rate`,
      ratio: slowest / P99_BOUND_MS,
    },
  ];
}
