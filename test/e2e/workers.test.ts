import cluster, { type Worker } from 'node:cluster';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Counter, Registry } from 'prom-client';
import { reloadMetric } from '../../commands/reload-metric';
import { Figures } from '../../commands/worker-figures';
import { Workers } from '../../commands/workers';
import { SECOND } from '../../core/time';
import { ManualClock } from '../../runtime/clock';
import { silentLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
import { readExposition } from '../support/exposition';
import { until, whileTimePasses } from '../support/wait';

/** A worker that has counted ten. The second one counts only once. */
const WORKER = `
const { worker } = require('node:cluster');
let asked = 0;
process.on('message', ({ kind, id }) => {
  if (kind === 'stop') process.exit(0);
  if (kind === 'reload') return process.send({ kind: 'reloaded', id, ok: true });
  asked += 1;
  if (worker.id === 2 && asked > 1) return;
  const counted = [{ name: 'visits', help: 'visits', type: 'counter', aggregator: 'sum', values: [{ value: 10, labels: {} }] }];
  process.send({ kind: 'counted', id, counted });
});
process.send({ kind: 'ready', ports: {} });
`;

/** Whether nothing but its exit code is left. The state stands behind the name, which is in brackets. */
const isGone = (pid = 0): boolean =>
  readdirSync(`/proc/${pid}/task`).length === 1 && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

const visits = (page: string) => readExposition(page).find(({ name }) => name === 'visits')?.value;

describe('workers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-workers-'));
  const exec = join(folder, 'worker.js');
  const clock = new ManualClock(0);
  const told: string[] = [];
  const ended = () => told.filter((event) => event === 'worker-ended').length;
  /** Waits until both serve, and have done so for a while: what happened before is forgotten then. */
  const readyAgain = async () => {
    await until('both serve', async () => {
      await clock.advance(SECOND);
      return workers.notReady() === undefined;
    });
    await clock.advance(10 * SECOND);
  };
  const workers = new Workers({
    ...{ count: 2, clock, registry: createMetrics(), onCrashLoop: () => void told.push('crash-loop') },
    log: { ...silentLog, warn: (event) => void told.push(event), error: (event) => void told.push(event) },
  });
  const all = (): Worker[] => Object.values(cluster.workers ?? {}).flatMap((worker) => worker ?? []);

  beforeAll(async () => {
    writeFileSync(exec, WORKER);
    cluster.setupPrimary({ exec, args: [], execArgv: [] });
    await workers.start();
  });
  afterAll(async () => {
    for (const worker of all()) worker.process.kill('SIGKILL');
    await workers.stop();
    rmSync(folder, { recursive: true });
  });

  test('are asked for what they counted again and again, and nothing stays behind; one that ends while another is waited for counts once', async () => {
    const [first] = all();
    const listeners = () => all().map((worker) => worker.listenerCount('exit'));
    const before = listeners();
    expect(visits(await workers.metrics())).toBe(20);
    expect(listeners()).toEqual(before);

    let answered = false;
    first?.once('message', () => {
      answered = true;
    });
    const page = workers.metrics();
    await until('the first has told', () => answered);
    first?.process.kill('SIGKILL');
    await until('it is missed', () => ended() === 1);
    await clock.advance(2 * SECOND);
    expect(visits(await page)).toBe(20);
    await readyAgain();
  });

  test('may be told something after one was killed and before that is known', async () => {
    const { process } = all().at(-1) ?? {};
    process?.kill('SIGKILL');
    // Without a turn of the event loop, so nobody has heard of it. Its channel closes with the last of its threads.
    while (process && !isGone(process.pid));
    expect(process?.connected).toBe(true);
    const page = workers.metrics();
    expect(visits(await whileTimePasses(clock, page))).toBeGreaterThanOrEqual(20);
    expect(told).toContain('worker-not-reached');
    await until('it is missed', () => ended() === 2);
    await readyAgain();
  });

  test('read the configuration again also if that is asked for while one is being started', async () => {
    const before = ended();
    all()[0]?.process.kill('SIGKILL');
    await until('it is missed', () => ended() === before + 1);
    const reloaded = workers.reload();
    await readyAgain();
    expect(await reloaded).toBe(true);
  });

  test('are tried for as long as the configuration has mistakes, which is no crash loop', async () => {
    const before = ended();
    const mistakes = join(folder, 'mistakes.js');
    writeFileSync(mistakes, 'process.exit(2)');
    cluster.setupPrimary({ exec: mistakes });
    all()[0]?.process.kill('SIGKILL');
    await until('it was tried often', async () => {
      await clock.advance(10 * SECOND);
      return ended() > before + 10;
    });
    expect(told).not.toContain('crash-loop');
    cluster.setupPrimary({ exec });
    await readyAgain();
  });

  test.each([
    ['the system starts no process', { cwd: join(folder, 'nowhere') }, { cwd: folder }],
    ['it is not even asked to', { args: ['x'.repeat(1_000_000)] }, { args: [] }],
  ])('are started again later where %s', async (_, wrong, right) => {
    const before = ended();
    cluster.setupPrimary(wrong);
    all()[0]?.process.kill('SIGKILL');
    await until('the start fails', async () => {
      await clock.advance(SECOND);
      return ended() >= before + 2;
    });
    cluster.setupPrimary(right);
    await readyAgain();
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

test('of two readings of the configuration the later one counts, however long the former waited for a worker', async () => {
  const registry = createMetrics();
  const reloaded = reloadMetric(registry, new ManualClock(0));
  let found = (_: boolean): void => {};
  const former = reloaded(
    new Promise((resolve) => {
      found = resolve;
    }),
  );
  await reloaded(Promise.resolve(false));
  found(true);
  await former;
  expect(await registry.metrics()).toContain('stadtfunk_config_last_reload_successful 0');
});
