import { until } from '../support/wait';
import { Dice } from './dice';
import { Line, statusServer, type Violation } from './line';
import { mutant, WAYS } from './mutate';
import { readCorpus, type Seed } from './packet';

/** Packets between two Status-Servers on a line: few enough for the kernel's buffers to lose none. */
const VOLLEY = 128;
const WARM_UP = 0.1;

/** What is attacked. */
export interface Target {
  readonly secret: Buffer;
  readonly authenticationPort: number;
  readonly accountingPort: number;
  /** Whether an Access-Request may be answered with an Access-Accept. */
  readonly mayEnter: (request: Buffer) => boolean;
  /** The server's page of metrics. */
  readonly metrics: () => Promise<string>;
  /** Resident memory of the server in octets. */
  readonly memory: () => Promise<number>;
}

export interface Plan {
  readonly packets: number;
  /** Ends earlier when this is over. */
  readonly seconds: number;
  readonly seed: number;
  readonly progress?: (done: number, memory: number) => void;
}

export interface Report {
  readonly packets: number;
  readonly seconds: number;
  /** Packets that might be answered. */
  readonly authentic: number;
  readonly answered: number;
  /** Answers that let a device in. */
  readonly accepted: number;
  /** Packets left without answer, by reason; those with none did not occur. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Packets of which the server's metrics tell nothing. 0 if it counted every one. */
  readonly unaccounted: number;
  readonly violations: readonly Violation[];
  /** Resident memory in octets after the first tenth, and at the end. */
  readonly memory: readonly [warm: number, end: number];
}

/** Sends mutated packets to a running server and holds everything it does against the RFCs. */
export async function fuzz(target: Target, plan: Plan): Promise<Report> {
  const dice = new Dice(plan.seed);
  const corpus = readCorpus();
  const lines = {
    authentication: await Line.open(target.authenticationPort, target.secret, target.mayEnter),
    accounting: await Line.open(target.accountingPort, target.secret, target.mayEnter),
  };
  const before = counted(await target.metrics());
  const began = Date.now();
  const elapsed = (): number => (Date.now() - began) / 1000;
  let packets = 0;
  let warm: number | undefined;
  try {
    while (packets < plan.packets && elapsed() < plan.seconds) {
      for (const [port, line] of Object.entries(lines)) {
        const seeds = corpus.filter((seed) => seed.port === port || dice.oneIn(30));
        await line.volley(
          volley(seeds, target.secret, dice),
          statusServer(dice.below(256), dice.octets(16), target.secret),
        );
        packets += VOLLEY;
      }
      const done = Math.max(packets / plan.packets, elapsed() / plan.seconds);
      if (warm === undefined && done >= WARM_UP) warm = await target.memory();
      if (plan.progress && packets % (VOLLEY * 400) === 0) plan.progress(packets, await target.memory());
    }
    const seconds = elapsed();
    const all = Object.values(lines);
    const total = (of: 'sent' | 'authentic' | 'answered' | 'accepted'): number =>
      all.reduce((sum, line) => sum + line[of], 0);
    const after = await settled(target, before, total('sent'));
    return {
      packets,
      seconds,
      authentic: total('authentic'),
      answered: total('answered'),
      accepted: total('accepted'),
      dropped: after.dropped,
      unaccounted: total('sent') - after.replied - sum(after.dropped),
      violations: all.flatMap(({ violations }) => violations),
      memory: [warm ?? 0, await target.memory()],
    };
  } finally {
    for (const line of Object.values(lines)) line.close();
  }
}

function volley(seeds: readonly Seed[], secret: Buffer, dice: Dice): Buffer[] {
  const datagrams = Array.from({ length: VOLLEY }, () => mutant(seeds, secret, dice.of(WAYS), dice.below(256), dice));
  // The same packet twice, as when an answer got lost.
  return datagrams.map((datagram, i) => (dice.oneIn(25) ? (datagrams[i - 1] ?? datagram) : datagram));
}

interface Counted {
  readonly replied: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** Waits for the answers that are still under way, then gives what was counted since. */
async function settled(target: Target, before: Counted, sent: number): Promise<Counted> {
  let since = difference(counted(await target.metrics()), before);
  await until('every packet is counted', async () => {
    since = difference(counted(await target.metrics()), before);
    return since.replied + sum(since.dropped) >= sent;
  }).catch(() => undefined);
  return since;
}

function counted(page: string): Counted {
  const values = (name: string): [string, number][] =>
    [...page.matchAll(new RegExp(`^stadtfunk_radius_${name}_total\\{\\w+="([^"]+)"\\} (\\d+)`, 'gm'))].map(
      ([, label = '', value]) => [label, Number(value)],
    );
  const replied = sum(Object.fromEntries(values('replies'))) + sum(Object.fromEntries(values('repeats')));
  return { replied, dropped: Object.fromEntries(values('dropped')) };
}

function difference(after: Counted, before: Counted): Counted {
  const dropped = Object.entries(after.dropped).map(
    ([reason, n]) => [reason, n - (before.dropped[reason] ?? 0)] as const,
  );
  return {
    replied: after.replied - before.replied,
    dropped: Object.fromEntries(dropped.filter(([, n]) => n > 0)),
  };
}

function sum(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((total, value) => total + value, 0);
}
