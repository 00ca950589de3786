import { fork } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { AccessPoint } from '../config/schema';
import { Secret } from '../config/secret';
import { SnmpProber } from '../controller/probe/snmp';
import { systemClock } from '../runtime/clock';
import { packageRoot } from '../runtime/package-root';
import { type Exporter, startExporter } from './controller/exporter';
import { largeTown } from './controller/large';
import { COMMUNITY, PROFILE, USER } from './controller/objects';
import { scrape } from './controller/scrape';
import { type Figure, median, type Run } from './figure';

const IN_FLIGHT = 64;
const ROUNDS = 5;

/** Somebody who polls; `cpuMicros` is what his process has used so far. */
interface Poller {
  poll(port: number): Promise<void>;
  cpuMicros(): number;
}

const PARTS: Record<string, (seconds: number) => Promise<readonly Figure[]>> = {
  'controller.poll': polls,
  'controller.scrape': scrape,
  'controller.large': largeTown,
};

export const run: Run = async (seconds, wants) => {
  const figures: Figure[] = [];
  for (const [name, measurePart] of Object.entries(PARTS))
    if (wants(name)) figures.push(...(await measurePart(seconds)));
  return figures;
};

/**
 * CPU for a poll of twelve objects: ours by v2c and by v3 (signed and encrypted), beside Debian's
 * prometheus-snmp-exporter by v2c, which reads the same of the same 2,000 agents, in turns.
 */
async function polls(seconds: number): Promise<readonly Figure[]> {
  const agents = fork(join(__dirname, 'controller', 'agents.ts'), {
    cwd: packageRoot,
    execArgv: ['-r', 'ts-node/register/transpile-only'],
  });
  let exporter: (Exporter & { close(): void }) | undefined;
  try {
    const [message]: unknown[] = await once(agents, 'message');
    const ports = Array.isArray(message) ? message.map(Number) : [];
    exporter = await startExporter();
    const open = prober({ version: 'v2c', community: new Secret(COMMUNITY) });
    const { name, authPassword, privacyPassword, ...how } = USER;
    const passwords = { authPassword: new Secret(authPassword), privacyPassword: new Secret(privacyPassword) };
    const secure = prober({ version: 'v3', user: name, ...how, ...passwords });
    const pollers = [open, secure, exporter];
    // Everybody gets to know all agents first: profile, engine and keys are found out once.
    for (const poller of pollers) await each(poller, ports);
    const micros: number[][] = pollers.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, poller] of pollers.entries())
        micros[i]?.push(await measure(poller, ports, (seconds * 1000) / (ROUNDS * pollers.length)));
    }
    const [v2c = [], v3 = [], theirs = []] = micros;
    await open.close();
    await secure.close();
    return [figure('controller.poll.v2c', v2c, theirs), figure('controller.poll.v3', v3, theirs)];
  } finally {
    exporter?.close();
    agents.disconnect();
  }
}

/** The ratio is the middle one of those within a round, so that what troubles one troubles both. */
function figure(name: string, ours: readonly number[], theirs: readonly number[]): Figure {
  const ratio = median(ours.map((value, i) => value / (theirs[i] ?? Number.NaN)));
  return { name, value: median(ours), unit: 'us', against: 'prometheus-snmp-exporter, v2c', ratio };
}

async function each(poller: Poller, ports: readonly number[]): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let port = ports[next++]; port !== undefined; port = ports[next++]) await poller.poll(port);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

/** CPU per poll, in microseconds: all agents in turn, as often as fits into the time. */
async function measure(poller: Poller, ports: readonly number[], millis: number): Promise<number> {
  const began = performance.now();
  const cpu = poller.cpuMicros();
  let rounds = 0;
  do {
    await each(poller, ports);
    rounds++;
  } while (performance.now() - began < millis);
  return (poller.cpuMicros() - cpu) / (rounds * ports.length);
}

function prober(snmp: NonNullable<AccessPoint['snmp']>): Poller & { close(): Promise<void> } {
  const settings = { snmp, profiles: [PROFILE] };
  const asked = new SnmpProber({ clock: systemClock, onIgnored: () => {}, snmp: () => settings });
  const signal = new AbortController().signal;
  setMaxListeners(IN_FLIGHT, signal);
  const known = new Map<number, AccessPoint>();
  return {
    async poll(port) {
      const ap = known.get(port) ?? { id: `ap-${port}`, name: 'AP', site: 'site', host: '127.0.0.1', port };
      known.set(port, ap);
      const result = await asked.probe(ap, signal);
      if (!result.answered || result.sample.clients !== 14 || result.sample.model === undefined)
        throw new Error(`an agent of the bench was not read: ${result.answered ? 'values' : result.reason}`);
    },
    cpuMicros() {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    close: () => asked.close(),
  };
}
