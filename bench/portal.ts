import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { type Figure, median, type Run } from './figure';
import { Load } from './portal/load';
import { acceptances, acceptRequest, PAGE, viewRequest } from './portal/requests';
import type { Answer, Recorded } from './portal/town';
import { compiled, type Form, fromSource } from './radius/compiled';
import { pinGenerator, pinnedToServerCore } from './radius/pin';

/** Short and many, so that what else happens on the machine troubles both alike. */
const TURN_MS = 250;
const FEWEST_ROUNDS = 3;
/** As many as come when a train stops. Of a few dozen all wait for the same commit, and the disk is measured, not the core. */
const CONNECTIONS = 500;
/** Until the compiler has seen enough of the portal; it is several times as fast afterwards. */
const WARM_UP_ANSWERS = 30_000;
/** What 99 of 100 visitors wait at most, half as many coming as could be served. */
const P99_BOUND_MS = 50;

/** The visitor's page and the acceptance (durable grant included), in turns with a bare server sending the same. */
export const run: Run = async (seconds, wants) => {
  const form = seconds < 1 ? fromSource : compiled();
  pinGenerator();
  const ours = await serve(form, 'portal');
  const newForm = acceptances();
  const first = newForm();
  const recorded: Recorded = {
    view: await ask(ours.port, 'GET', PAGE),
    accept: await ask(ours.port, 'POST', '/accept', first),
  };
  const bare = await serve(form, recorded);
  const view = { ours: () => viewRequest, bare: () => viewRequest };
  // To seal a form takes the generator so long that it would hold up the bare server, which does not read it.
  const repeated = acceptRequest(first);
  const accept = { ours: () => acceptRequest(newForm()), bare: () => repeated };
  try {
    const ports = { ours: ours.port, bare: bare.port };
    return [
      ...(wants('portal.view') ? await measured('portal.view', seconds, ports, 200, view) : []),
      ...(wants('portal.accept') ? await measured('portal.accept', seconds, ports, 303, accept) : []),
    ];
  } finally {
    ours.child.disconnect();
    bare.child.disconnect();
  }
};

async function serve(form: Form, what: 'portal' | Recorded): Promise<{ child: ChildProcess; port: number }> {
  const [command, all] = pinnedToServerCore(process.execPath, form.argumentsFor('bench/portal/server.ts'));
  const child = spawn(command, all, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.send(what);
  const [port] = await once(child, 'message');
  return { child, port: Number(port) };
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
  { ours, bare }: { readonly ours: number; readonly bare: number },
  status: number,
  next: { readonly ours: () => string; readonly bare: () => string },
): Promise<Figure[]> {
  const warmUp = async (port: number, request: () => string): Promise<void> => {
    const load = await Load.open(port, CONNECTIONS, status);
    for (let answers = 0; answers < WARM_UP_ANSWERS; ) answers += await load.asFastAsAnswered(1000, request);
    load.close();
  };
  await warmUp(ours, next.ours);
  await warmUp(bare, next.bare);
  const [theirLoad, ourLoad] = [await Load.open(bare, CONNECTIONS, status), await Load.open(ours, CONNECTIONS, status)];
  const rounds = Math.max(FEWEST_ROUNDS, Math.round((seconds * 1000) / (2 * TURN_MS)));
  const milliseconds = (seconds * 1000) / (2 * rounds);
  const values: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const peer = await theirLoad.asFastAsAnswered(milliseconds, next.bare);
    const value = await ourLoad.asFastAsAnswered(milliseconds, next.ours);
    values.push(value);
    ratios.push(value / peer);
  }
  theirLoad.close();
  const value = median(values);
  const took = await ourLoad.atRate(value / 2, seconds * 1000, next.ours);
  ourLoad.close();
  const slowest = took[Math.floor(took.length * 0.99)] ?? Number.NaN;
  return [
    { name, value, unit: '1/s', against: 'node:http, same bytes', ratio: median(ratios) },
    {
      name: `${name}.p99`,
      value: slowest,
      unit: 'ms',
      against: `${P99_BOUND_MS} ms, at half the rate`,
      ratio: slowest / P99_BOUND_MS,
    },
  ];
}
