import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../runtime/package-root';
import { type Figure, median } from '../figure';

const ROUNDS = 5;
const AGAINST = 'the same page, ready-made';

const scraped = z.object({ delayP99Ms: z.number(), delayMaxMs: z.number(), residentBytes: z.number() });
type Scraped = z.output<typeof scraped>;

interface Round {
  readonly seconds: number;
  readonly told: Scraped;
}

/** Prometheus asks for the page of 40,000 access points, compressed as it does: how long it waits, and what that costs. */
export async function scrape(): Promise<readonly Figure[]> {
  const town = fork(join(__dirname, 'scraped-town.ts'), {
    cwd: packageRoot,
    execArgv: ['-r', 'ts-node/register/transpile-only'],
  });
  try {
    const [port]: unknown[] = await once(town, 'message');
    const rounds: { ours: Round[]; theirs: Round[] } = { ours: [], theirs: [] };
    const before = await ask(town);
    const first = await round(town, `http://127.0.0.1:${port}/metrics/aps`);
    const growth = first.told.residentBytes - before.residentBytes;
    await round(town, `http://127.0.0.1:${port}/ready-made`);
    for (let i = 0; i < ROUNDS; i++) {
      rounds.ours.push(await round(town, `http://127.0.0.1:${port}/metrics/aps`));
      rounds.theirs.push(await round(town, `http://127.0.0.1:${port}/ready-made`));
    }
    return [
      figure('controller.scrape', 's', rounds, ({ seconds }) => seconds),
      figure('controller.scrape.delay99', 'ms', rounds, ({ told }) => told.delayP99Ms),
      figure('controller.scrape.delayMax', 'ms', rounds, ({ told }) => told.delayMaxMs),
      {
        name: 'controller.scrape.memory',
        value: growth,
        unit: 'B',
        against: 'the process before',
        ratio: growth / before.residentBytes,
      },
    ];
  } finally {
    town.disconnect();
  }
}

function figure(
  name: string,
  unit: string,
  { ours, theirs }: { ours: Round[]; theirs: Round[] },
  of: (round: Round) => number,
): Figure {
  const value = median(ours.map(of));
  return { name, value, unit, against: AGAINST, ratio: value / median(theirs.map(of)) };
}

async function round(town: ChildProcess, url: string): Promise<Round> {
  await ask(town);
  const began = performance.now();
  await new Promise<void>((resolve, reject) => {
    get(url, { headers: { 'Accept-Encoding': 'gzip' }, agent: false }, (response) => {
      response.on('error', reject).on('end', resolve).resume();
    }).on('error', reject);
  });
  const seconds = (performance.now() - began) / 1000;
  return { seconds, told: await ask(town) };
}

/** What happened in the town since it was asked last. */
async function ask(town: ChildProcess): Promise<Scraped> {
  const told = once(town, 'message');
  town.send('tell');
  return scraped.parse((await told)[0]);
}
