import { Argument, Command } from 'commander';
import { run as controller } from './controller';
import type { Figure, Run } from './figure';
import { run as portal } from './portal';
import { run as radius } from './radius';
import { run as redis } from './redis';
import { run as store } from './store';

interface Options {
  readonly json: boolean;
  readonly only: string;
  readonly seconds: number;
}

const groups: Record<string, Run> = { radius, redis, portal, store, controller };

function print(figure: Figure, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(figure)}\n`);
    return;
  }
  const { name, value, unit, against, ratio } = figure;
  const amount = value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
  process.stdout.write(
    `${name.padEnd(24)} ${amount.padStart(12)} ${unit.padEnd(5)} ${ratio.toFixed(2)} x ${against}\n`,
  );
}

new Command('bench')
  .description('Measures the product, each figure beside a peer or ceiling in the same run.')
  .addArgument(new Argument('[group]', 'what to measure; all without it').choices(Object.keys(groups)))
  .option('--json', 'one JSON object a line', false)
  .option('--only <name>', 'only figures whose names begin so, for example radius.auth', '')
  .option('--seconds <n>', 'how long to measure each figure', Number, 5)
  .action(async (group: string | undefined, { json, only, seconds }: Options) => {
    const wants = (name: string): boolean => name.startsWith(only);
    for (const [name, run] of Object.entries(groups)) {
      if (group !== undefined && group !== name) continue;
      for (const figure of await run(seconds, wants)) if (wants(figure.name)) print(figure, json);
    }
  })
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
