import { CODE } from '../radius/wire/packet';
import { type Figure, median, type Run } from './figure';
import { Child } from './radius/child';
import { startCity } from './radius/city';
import { compiled, type Form, fromSource } from './radius/compiled';
import { hasFreeRadius, type Kind, startFreeRadius } from './radius/freeradius';
import { Load, type Verify, WINDOW } from './radius/load';
import { hasCompiler, openLoop, quantile } from './radius/open-loop';
import { pinGenerator } from './radius/pin';
import { accessRequestOf, accountingRequestOf, deviceOf, SECRET } from './radius/requests';
import { type Contender, inTurns, type Make, ratios, type Served } from './radius/rounds';
import type { Memory, Ports } from './radius/server';
import { isEcho, verifier } from './radius/verify';
import { startVisitors } from './radius/visitors';

const OURS = 'ours';
const ECHO = 'node:dgram echo';
const KINDS = ['files', 'minimal', 'sqlite'] as const;
const AUTHENTICATION = { files: 'freeradius files', minimal: 'freeradius minimal', sqlite: 'freeradius sqlite' };
const ACCOUNTING = { files: 'freeradius detail', minimal: 'freeradius minimal', sqlite: 'freeradius sqlite' };
const DEVICES = 10_000;
/** From this on the figures are worth the minutes that a million grants take. */
const SERIOUS_SECONDS = 5;
const MANY = 'radius.auth.million';
/** V8 goes on compiling the ways of pages and polls for so long; of a town's server, which runs for months, it is nothing. */
const WARM_UP_MS = 90_000;
const ECHO_WARM_UP_MS = 10_000;
/** Every request of a slice is made beforehand, and lies in memory. */
const WARM_UP_SLICE_MS = 10_000;
/** How long the maximum is looked for where it was not measured beside others. */
const MAXIMUM_SECONDS = 2;

const isAccepted = verifier(CODE.accessAccept, true, SECRET);
const isRecorded = verifier(CODE.accountingResponse, false, SECRET);

function accessRequests(devices: number): Make {
  let n = 0;
  return (count) =>
    Array.from({ length: count }, (_, i) => accessRequestOf(i % WINDOW, deviceOf((n++ * 7919) % devices)));
}

function accountingRequests(): Make {
  let n = 0;
  return (count) => Array.from({ length: count }, (_, i) => accountingRequestOf(i % WINDOW, n++, DEVICES));
}

/** Answers per second, each accounting record durable, beside an echo that does nothing and Debian's FreeRADIUS. */
export const run: Run = async (seconds, wants) => {
  pinGenerator();
  const bench = new Bench(await Load.open(), seconds < 1 ? fromSource : compiled());
  try {
    const server = await bench.start(Child.start<Ports>(bench.form, 'server.ts'));
    const { residentOctets } = await server.ask<Memory>(DEVICES);
    const echo = await bench.start(Child.start<number>(bench.form, 'echo.ts'));
    const hasPeers = wants('radius.auth') || wants('radius.acct');
    const peers = hasPeers ? await bench.freeRadius(seconds) : new Map<Kind, Served>();
    const contendersOf = (names: Record<Kind, string>, port: keyof Served, verify: Verify): Contender[] => [
      { name: OURS, port: server.hello[port], verify },
      { name: ECHO, port: echo.hello, verify: isEcho },
      ...[...peers].map(([kind, ports]) => ({ name: names[kind], port: ports[port], verify })),
    ];
    const measure = (name: string, contenders: Contender[], make: Make) =>
      wants(name) ? inTurns(bench.load, contenders, make, seconds).then((rates) => ratios(name, OURS, rates)) : [];
    const logins = contendersOf(AUTHENTICATION, 'authenticationPort', isAccepted);
    const records = contendersOf(ACCOUNTING, 'accountingPort', isRecorded);
    const login = await measure('radius.auth', logins, accessRequests(DEVICES));
    const record = await measure('radius.acct', records, accountingRequests());
    const most = {
      logins: () => maximum(bench.load, login, logins.slice(0, 1), accessRequests(DEVICES)),
      records: () => maximum(bench.load, record, records.slice(0, 1), accountingRequests()),
    };
    return [
      ...login,
      ...record,
      ...(wants(MANY) || wants('radius.memory') ? await withMany(bench, server.hello, residentOctets, seconds) : []),
      ...(wants('radius.open') && canPace(seconds)
        ? await inTown(bench, echo.hello, await most.logins(), await most.records(), seconds)
        : []),
    ];
  } finally {
    await bench.stop();
  }
};

/** The same server with a hundred times the grants: it should be as fast, and take little memory for each. */
async function withMany(bench: Bench, few: Ports, fewOctets: number, seconds: number): Promise<Figure[]> {
  const grants = seconds < SERIOUS_SECONDS ? 2 * DEVICES : 100 * DEVICES;
  const name = seconds < SERIOUS_SECONDS ? 'radius.auth.twice' : MANY;
  const many = await bench.start(Child.start<Ports>(bench.form, 'server.ts'));
  const { residentOctets } = await many.ask<Memory>(grants);
  const contenders = [
    { name: OURS, port: many.hello.authenticationPort, verify: isAccepted },
    { name: '10,000 grants', port: few.authenticationPort, verify: isAccepted },
  ];
  // Devices that both know: what differs is how many others there are.
  const rates = await inTurns(bench.load, contenders, accessRequests(DEVICES), seconds);
  const each = (residentOctets - fewOctets) / (grants - DEVICES);
  return [...ratios(name, OURS, rates), beside('radius.memory.grant', each, 'B', 400)];
}

/** How many a second there were at most; where that was not asked for, it is measured without peers. */
async function maximum(
  load: Load,
  figures: readonly Figure[],
  ours: readonly Contender[],
  make: Make,
): Promise<number> {
  return figures[0]?.value ?? median((await inTurns(load, ours, make, MAXIMUM_SECONDS)).get(OURS) ?? []);
}

function canPace(seconds: number): boolean {
  if (seconds < 1) return false;
  if (!hasCompiler()) process.stderr.write('the open loop is left out: apt-get install gcc libc6-dev\n');
  return hasCompiler();
}

/**
 * Delays at half of the maximum, while the portal serves and 2,000 access points are polled in the same process. Those of
 * an echo on the same core tell what machine and sender add.
 */
async function inTown(bench: Bench, echo: number, logins: number, records: number, seconds: number): Promise<Figure[]> {
  const city = await bench.start(startCity(bench.form, DEVICES));
  const visitors = startVisitors(city);
  const measure = async (name: string, rate: number, port: number, make: RequestOf, verify: Verify, warmUp: number) => {
    process.stderr.write(`${name}: ${warmUp / 1_000} s of warm-up\n`);
    for (let warm = 0; warm < warmUp; warm += WARM_UP_SLICE_MS) {
      await openLoop(rate / 2, WARM_UP_SLICE_MS, port, make, verify);
    }
    const delays = await openLoop(rate / 2, seconds * 1_000, port, make, verify);
    return [
      { name: `${name}.rate`, value: rate / 2, unit: '1/s', against: 'the most there can be', ratio: 1 / 2 },
      beside(`${name}.p99`, quantile(delays, 0.99), 'ms', 5),
      beside(`${name}.p999`, quantile(delays, 0.999), 'ms', 25),
      { name: `${name}.missing`, value: delays.missing, unit: '', against: 'answers', ratio: delays.missing },
    ];
  };
  const [ofLogin, ofRecord] = [(n: number, id: number) => accessRequestOf(id, deviceOf(n % DEVICES)), accountings()];
  try {
    return [
      ...(await measure('radius.open.echo', logins, echo, ofLogin, isEcho, ECHO_WARM_UP_MS)),
      ...(await measure('radius.open.auth', logins, city.authenticationPort, ofLogin, isAccepted, WARM_UP_MS)),
      ...(await measure('radius.open.acct', records, city.accountingPort, ofRecord, isRecorded, WARM_UP_MS)),
    ];
  } finally {
    await visitors.stop();
  }
}

type RequestOf = (n: number, identifier: number) => Buffer;

function accountings(): RequestOf {
  let n = 0;
  return (_, identifier) => accountingRequestOf(identifier, n++, DEVICES);
}

function beside(name: string, value: number, unit: string, bar: number): Figure {
  return { name, value, unit, against: `${bar} ${unit}`, ratio: value / bar };
}

/** What runs during a measurement. */
class Bench {
  readonly load: Load;
  readonly form: Form;
  readonly #started: { stop(): Promise<void> }[] = [];

  constructor(load: Load, form: Form) {
    this.load = load;
    this.form = form;
  }

  async start<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const server = await starting;
    this.#started.push(server);
    return server;
  }

  /** Left out of a quick look, because SQLite may let each of its slices wait for seconds. */
  async freeRadius(seconds: number): Promise<ReadonlyMap<Kind, Served>> {
    const peers = new Map<Kind, Served>();
    if (seconds < 1) process.stderr.write('freeradius is left out of measurements shorter than a second\n');
    else if (!hasFreeRadius()) process.stderr.write('freeradius is left out: apt-get install freeradius\n');
    else for (const kind of KINDS) peers.set(kind, await this.start(startFreeRadius(kind, DEVICES)));
    return peers;
  }

  async stop(): Promise<void> {
    this.load.close();
    await Promise.all(this.#started.map((server) => server.stop()));
  }
}
