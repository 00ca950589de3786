import cluster, { Worker } from 'node:cluster';
import { OperatorError } from '../core/errors';
import { SECOND } from '../core/time';
import { type Clock, pause } from '../runtime/clock';
import type { Log } from '../runtime/log';
import type { Registry } from '../runtime/metrics';
import type { Role } from '../runtime/role';
import { Figures, workerMetrics } from './worker-figures';
import type { FromWorker, ToWorker, WorkerPorts } from './worker-words';

/** One that dies is started again after this, and after twice as long each time until it has served for a while. */
const AGAIN_AFTER = 0.2 * SECOND;
const AGAIN_AT_MOST = 10 * SECOND;
const SERVED_FOR = 10 * SECOND;
/** So often in a row: something is wrong that another start does not mend. */
const CRASH_LOOP = 8;
/** How long one may take to stop: longer than its roles give what is under way. */
const STOP_MS = 15 * SECOND;
/** How long a busy one is waited for, until the page shows what it had counted before. */
const COUNT_MS = 2 * SECOND;
const RELOAD_MS = 30 * SECOND;
/** Its configuration has mistakes, and was told them. The file was changed and not reloaded, so this lasts until it is mended. */
const MISTAKES = 2;

interface Place {
  readonly number: number;
  worker: Worker | undefined;
  readyAt: number | undefined;
  reasons: readonly string[];
  deaths: number;
  /** Who waits until one serves here. */
  waiting: (() => void)[];
}

export interface WorkersDeps {
  readonly count: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  /** Workers die again and again. */
  readonly onCrashLoop: () => void;
}

/** The processes that share portal and RADIUS server, as the process sees them that started them. */
export class Workers implements Role {
  readonly name = 'workers';
  readonly #deps: WorkersDeps;
  readonly #places: readonly Place[];
  readonly #figures = new Figures();
  readonly #metrics: ReturnType<typeof workerMetrics>;
  readonly #asked = new Map<number, (answer: FromWorker | undefined) => void>();
  #questions = 0;
  #stopping = false;
  /** The first ones are being started, and whoever waits for them is told of what goes wrong. */
  #starting: { resolve(): void; reject(error: Error): void } | undefined;
  ports: WorkerPorts = {};

  constructor(deps: WorkersDeps) {
    this.#deps = deps;
    this.#places = Array.from({ length: deps.count }, (_, i) => {
      return { number: i + 1, worker: undefined, readyAt: undefined, reasons: [], deaths: 0, waiting: [] };
    });
    this.#metrics = workerMetrics(deps.registry, () => {
      const ready = this.#places.filter(({ readyAt }) => readyAt !== undefined).length;
      return { ready, starting: this.#places.length - ready };
    });
  }

  /** @throws OperatorError what the first worker that cannot start says */
  start(): Promise<void> {
    // Numbers that are none (NaN) get through as they are.
    cluster.setupPrimary({ serialization: 'advanced' });
    return new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
      for (const place of this.#places) this.#fork(place);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const stopped = this.#places.map(async ({ number, worker }) => {
      if (worker === undefined || worker.isDead()) return;
      const gone = new Promise<void>((resolve) => void worker.once('exit', () => resolve()));
      send(worker, { kind: 'stop' });
      await Promise.race([gone, pause(this.#deps.clock, STOP_MS)]);
      if (worker.isDead()) return;
      this.#deps.log.warn('worker-did-not-stop', { message: `worker ${number}` });
      worker.process.kill('SIGKILL');
    });
    await Promise.all(stopped);
  }

  notReady(): string | undefined {
    const reasons = this.#places.flatMap(({ number, readyAt, reasons }) => {
      if (readyAt === undefined) return [`worker ${number} does not serve`];
      return reasons.map((reason) => `worker ${number}: ${reason}`);
    });
    return reasons.length === 0 ? undefined : reasons.join('; ');
  }

  /** Lets every worker read the configuration again; whether all of them could use it, those that do not serve yet included. */
  async reload(): Promise<boolean> {
    return (await Promise.all(this.#places.map((place) => this.#reload(place)))).every((ok) => ok);
  }

  /** One that is being started may have read the file before it was changed, so it is asked when it serves. */
  async #reload(place: Place): Promise<boolean> {
    if (place.readyAt === undefined) await new Promise<void>((resolve) => void place.waiting.push(resolve));
    const { worker } = place;
    const answer = await this.#ask(place, (id) => ({ kind: 'reload', id }), RELOAD_MS);
    if (answer?.kind === 'reloaded') return answer.ok;
    const hasEnded = place.worker !== worker || place.readyAt === undefined;
    return hasEnded && this.#reload(place);
  }

  /** The metrics of all processes, added up. */
  async metrics(): Promise<string> {
    const asked = this.#places.map(async (place) => {
      const answer = await this.#ask(place, (id) => ({ kind: 'count', id }), COUNT_MS);
      // At once: while others are waited for, this one may end, and what it had counted is then settled.
      if (answer?.kind === 'counted') this.#figures.keep(place.number, answer.counted);
    });
    await Promise.all(asked);
    return this.#figures.page(this.#deps.registry);
  }

  /** Undefined if it does not answer in time, or has ended. */
  async #ask(place: Place, question: (id: number) => ToWorker, patience: number): Promise<FromWorker | undefined> {
    const { worker, readyAt } = place;
    if (worker === undefined || readyAt === undefined) return undefined;
    this.#questions += 1;
    const id = this.#questions;
    let [giveUp, cancel] = [(): void => {}, (): void => {}];
    const answer = new Promise<FromWorker | undefined>((resolve) => {
      giveUp = () => resolve(undefined);
      this.#asked.set(id, resolve);
      worker.once('exit', giveUp);
      cancel = this.#deps.clock.after(patience, giveUp);
    });
    send(worker, question(id));
    const told = await answer;
    this.#asked.delete(id);
    worker.off('exit', giveUp);
    cancel();
    return place.worker === worker && place.readyAt !== undefined ? told : undefined;
  }

  #fork(place: Place): void {
    const worker = forked();
    if (!(worker instanceof Worker)) return void this.#ended(place, undefined, worker.message);
    place.worker = worker;
    worker.on('message', (told: FromWorker) => this.#heard(place, told));
    worker.once('exit', (code, signal) => void this.#ended(place, worker, signal ?? code));
    worker.on('error', (error) => {
      // One that the system did not start does not exit. What does not reach one that was killed is missed by nobody.
      if (worker.process.pid === undefined) void this.#ended(place, worker, error.message);
      else this.#deps.log.warn('worker-not-reached', { message: `worker ${place.number}`, err: error });
    });
  }

  #heard(place: Place, told: FromWorker): void {
    if (told.kind === 'ready') {
      place.readyAt = this.#deps.clock.monotonic();
      place.reasons = [];
      for (const resolve of place.waiting.splice(0)) resolve();
      this.ports = told.ports;
      if (this.#places.every(({ readyAt }) => readyAt !== undefined)) this.#started()?.resolve();
    } else if (told.kind === 'state') place.reasons = told.reasons;
    else if (told.kind !== 'failed') this.#asked.get(told.id)?.(told);
    else if (this.#starting === undefined)
      this.#deps.log.error('worker-failed', { message: `${told.what} (${told.code})` });
    else this.#started()?.reject(new OperatorError(told.code, told.what, told.remedy));
  }

  /** From then on nobody waits for the first start. */
  #started() {
    const starting = this.#starting;
    this.#starting = undefined;
    return starting;
  }

  async #ended(place: Place, worker: Worker | undefined, how: string | number): Promise<void> {
    const { clock, log } = this.#deps;
    const { readyAt } = place;
    place.readyAt = undefined;
    // Its last words may still be on their way.
    if (worker?.isConnected()) await new Promise<void>((resolve) => void worker.once('disconnect', () => resolve()));
    await this.#figures.settle(place.number);
    if (this.#stopping) return;
    const what = `A worker ended before it served (${how}).`;
    this.#started()?.reject(new OperatorError('WORKER_FAILED', what, 'Look at the log above.'));
    this.#metrics.died();
    place.deaths = readyAt !== undefined && clock.monotonic() - readyAt >= SERVED_FOR ? 1 : place.deaths + 1;
    log.error('worker-ended', { reason: String(how), count: place.deaths, message: `worker ${place.number}` });
    if (place.deaths >= CRASH_LOOP && how !== MISTAKES) {
      this.#deps.onCrashLoop();
      return;
    }
    await pause(clock, Math.min(AGAIN_AFTER * 2 ** (place.deaths - 1), AGAIN_AT_MOST));
    if (!this.#stopping) this.#fork(place);
  }
}

/** A process, or why there is none: for some reasons it says so later, for others at once. */
function forked(): Worker | Error {
  try {
    return cluster.fork();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function send(worker: Worker, word: ToWorker): void {
  if (worker.isConnected()) worker.send(word);
}
