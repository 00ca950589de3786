import cluster, { type Worker } from 'node:cluster';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Counter, Registry } from 'prom-client';
import { Figures } from '../../commands/worker-figures';
import { Workers } from '../../commands/workers';
import { SECOND } from '../../core/time';
import { ManualClock } from '../../runtime/clock';
import { silentLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
import { readExposition } from '../support/exposition';
import { until } from '../support/wait';

/** A worker that has counted ten. The second one counts only once. */
const WORKER = `
const { worker } = require('node:cluster');
let asked = 0;
process.on('message', ({ kind, id }) => {
  if (kind === 'stop') process.exit(0);
  asked += 1;
  if (worker.id === 2 && asked > 1) return;
  const counted = [{ name: 'visits', help: 'visits', type: 'counter', aggregator: 'sum', values: [{ value: 10, labels: {} }] }];
  process.send({ kind: 'counted', id, counted });
});
process.send({ kind: 'ready', ports: {} });
`;

const visits = (page: string) => readExposition(page).find(({ name }) => name === 'visits')?.value;

describe('what workers counted', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-workers-'));
  const clock = new ManualClock(0);
  const ended: string[] = [];
  const workers = new Workers({
    ...{ count: 2, clock, registry: createMetrics(), onCrashLoop: () => {} },
    log: { ...silentLog, error: (event) => void ended.push(event) },
  });
  const all = (): Worker[] => Object.values(cluster.workers ?? {}).flatMap((worker) => worker ?? []);

  beforeAll(async () => {
    const exec = join(folder, 'worker.js');
    writeFileSync(exec, WORKER);
    cluster.setupPrimary({ exec, args: [], execArgv: [] });
    await workers.start();
  });
  afterAll(async () => {
    for (const worker of all()) worker.process.kill('SIGKILL');
    await workers.stop();
    rmSync(folder, { recursive: true });
  });

  test('is asked for again and again, and nothing stays behind; one that ends while another is waited for counts once', async () => {
    const [first] = all();
    const listeners = () => all().map((worker) => worker.listenerCount('exit'));
    const before = listeners();
    expect(visits(await workers.metrics())).toBe(20);
    expect(listeners()).toEqual(before);

    let told = false;
    first?.once('message', () => {
      told = true;
    });
    const page = workers.metrics();
    await until('the first has told', () => told);
    first?.process.kill('SIGKILL');
    await until('it is missed', () => ended.includes('worker-ended'));
    await clock.advance(2 * SECOND);
    expect(visits(await page)).toBe(20);
  });
});

test('workers that end at the same time leave what each had counted', async () => {
  const figures = new Figures();
  for (const worker of [1, 2, 3]) {
    const registry = new Registry();
    new Counter({ name: 'visits', help: 'visits', registers: [registry] }).inc(10);
    figures.keep(worker, await registry.getMetricsAsJSON());
  }
  const settled = [figures.settle(1), figures.settle(2)];
  expect(visits(await figures.page(new Registry()))).toBe(30);
  await Promise.all(settled);
  await figures.settle(3);
  expect(visits(await figures.page(new Registry()))).toBe(30);
});
