import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { type Figure, median } from '../figure';
import { ACCESS_POINTS, type LargeTown, POLL_SECONDS, startLargeTown } from './large-town';

/** What 40,000 access points may cost. */
const BOUNDS = { coreShare: 0.5, residentBytes: 600e6, scrapeSeconds: 2, delaySeconds: 0.05 };
/** The first poll of all is made at twice the even rate. */
const FIRST_CYCLE_MS = 3 * POLL_SECONDS * 1000;
const SETTLE_MS = 10_000;
/** As deploy/prometheus has it. */
const SCRAPE_APS_EVERY_S = 60;
const SCRAPE_EVERY_S = 30;
const SCRAPES_AT_THE_END = 3;
const LAG = 'stadtfunk_nodejs_eventloop_lag_p99_seconds';
const ANSWERED = 'stadtfunk_polls_total{kind="snmp",result="answered"}';

interface Steady {
  readonly coreShare: number;
  readonly pollsPerSecond: number;
  readonly residentBytes: number;
  readonly scrapeSeconds: number;
  readonly delaySeconds: number;
}

/**
 * The whole product polls 40,000 access points every minute while a Prometheus scrapes it: what that costs while all are
 * new, and then over a cycle (processor time, the most memory at any second, the delay of the event loop with its sampling
 * interval of 10 ms).
 */
export async function largeTown(): Promise<Figure[]> {
  say(`starting ${ACCESS_POINTS} agents and the product`);
  const town = await startLargeTown();
  try {
    say(`the product was ready after ${town.startSeconds.toFixed(1)} s; the first cycle`);
    const startDelaySeconds = await firstCycle(town);
    await pause(SETTLE_MS);
    say('a cycle in steady state');
    const steady = await steadyCycle(town);
    const figure = (name: string, value: number, unit: string, ratio: number, against: string): Figure => {
      return { name: `controller.large.${name}`, value, unit, ratio, against };
    };
    const { coreShare, residentBytes, scrapeSeconds, delaySeconds, pollsPerSecond } = steady;
    const even = ACCESS_POINTS / POLL_SECONDS;
    return [
      figure('polls', pollsPerSecond, '1/s', pollsPerSecond / even, `${ACCESS_POINTS} in ${POLL_SECONDS} s`),
      figure('cpu', coreShare * 100, '%', coreShare / BOUNDS.coreShare, 'half a core'),
      figure('memory', residentBytes / 1e6, 'MB', residentBytes / BOUNDS.residentBytes, '600 MB'),
      figure('scrape', scrapeSeconds, 's', scrapeSeconds / BOUNDS.scrapeSeconds, '2 s'),
      figure('delay', delaySeconds * 1000, 'ms', delaySeconds / BOUNDS.delaySeconds, '50 ms, p99'),
      figure('delay.new', startDelaySeconds * 1000, 'ms', startDelaySeconds / BOUNDS.delaySeconds, '50 ms, p99'),
    ];
  } finally {
    await town.stop();
  }
}

/** Until each has been asked once. Returns the delay of the event loop in the first minute, when nearly all are new. */
async function firstCycle(town: LargeTown): Promise<number> {
  const until = performance.now() + FIRST_CYCLE_MS;
  // Reading the delay begins it anew: what reading the configuration took is no part of it.
  await scrape(town, 'metrics');
  for (let second = 10; second <= POLL_SECONDS; second += 10) {
    await pause(10_000);
    say(`${second} s: ${state(town)}`);
  }
  let { text } = await scrape(town, 'metrics');
  const delay = figureOf(text, LAG);
  while (figureOf(text, ANSWERED) < ACCESS_POINTS) {
    if (performance.now() > until) throw new Error('the agents do not answer');
    await pause(5_000);
    text = (await scrape(town, 'metrics')).text;
  }
  say(`${figureOf(text, ANSWERED)} polls`);
  return delay;
}

async function steadyCycle(town: LargeTown): Promise<Steady> {
  const first = figureOf((await scrape(town, 'metrics')).text, ANSWERED);
  const [began, cpu] = [performance.now(), town.cpuMicros()];
  let [delaySeconds, residentBytes, answered] = [0, 0, first];
  const scrapes: number[] = [];
  for (let second = 1; second <= POLL_SECONDS; second++) {
    await pause(Math.max(0, began + second * 1000 - performance.now()));
    if (second % SCRAPE_APS_EVERY_S === SCRAPE_APS_EVERY_S / 2)
      scrapes.push((await scrape(town, 'metrics/aps')).seconds);
    if (second % SCRAPE_EVERY_S === 0) {
      const { text } = await scrape(town, 'metrics');
      delaySeconds = Math.max(delaySeconds, figureOf(text, LAG));
      answered = figureOf(text, ANSWERED);
      say(`${second} s: ${state(town)}`);
    }
    residentBytes = Math.max(residentBytes, town.residentBytes());
  }
  const seconds = (performance.now() - began) / 1000;
  const coreShare = (town.cpuMicros() - cpu) / 1e6 / seconds;
  for (let i = 0; i < SCRAPES_AT_THE_END; i++) scrapes.push((await scrape(town, 'metrics/aps')).seconds);
  residentBytes = Math.max(residentBytes, town.residentBytes());
  return {
    ...{ coreShare, delaySeconds, residentBytes },
    pollsPerSecond: (answered - first) / seconds,
    scrapeSeconds: median(scrapes),
  };
}

interface Scraped {
  readonly seconds: number;
  readonly text: string;
}

/** Asks as Prometheus does, compressed. */
function scrape({ opsUrl }: LargeTown, page: string): Promise<Scraped> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    get(`${opsUrl}${page}`, { headers: { 'Accept-Encoding': 'gzip' }, agent: false }, (response) => {
      const compressed: Buffer[] = [];
      response.on('data', (piece: Buffer) => compressed.push(piece));
      response.on('error', reject).on('end', () => {
        const seconds = (performance.now() - began) / 1000;
        const pieces: Buffer[] = [];
        createGunzip()
          .on('data', (piece: Buffer) => pieces.push(piece))
          .on('error', reject)
          .on('end', () => resolve({ seconds, text: Buffer.concat(pieces).toString() }))
          .end(Buffer.concat(compressed));
      });
    }).on('error', reject);
  });
}

function figureOf(page: string, series: string): number {
  const at = page.indexOf(`\n${series} `);
  return at < 0 ? Number.NaN : Number.parseFloat(page.slice(at + series.length + 2));
}

function state(town: LargeTown): string {
  return `${Math.round(town.residentBytes() / 1e6)} MB, ${(town.cpuMicros() / 1e6).toFixed(1)} s of processor time`;
}

function say(what: string): void {
  process.stderr.write(`controller.large: ${what}\n`);
}
