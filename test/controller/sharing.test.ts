import { parseConfig } from '../../config/load';
import type { Config } from '../../config/schema';
import type { PollResult } from '../../controller/probe/probe';
import { ControllerRole } from '../../controller/role';
import { type Millis, SECOND } from '../../core/time';
import { ManualClock } from '../../runtime/clock';
import { LiveValue } from '../../runtime/live';
import { type LogFields, silentLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
import { systemRandom } from '../../runtime/random';
import { leaseStore } from '../../store/embedded/leases';
import type { HealthStore, LeaseStore } from '../../store/store';
import { modelStore } from '../contract/model';
import { readExposition } from '../support/exposition';
import { TEST_KEY } from '../support/product';
import { POLL, START } from './controller';

const SITES = 20;
const APS = 2 * SITES;
const STEP = SECOND;

const everything = { from: 0, to: START + 100 * POLL };

function town(pollSeconds = POLL / SECOND, aps = APS) {
  const sites = Array.from({ length: SITES }, (_, i) => ({ id: `site-${i}`, name: `Site ${i}`, kind: 'square' }));
  const accessPoints = Array.from({ length: aps }, (_, i) => {
    return { id: `ap-${i}`, name: `AP ${i}`, site: `site-${i % SITES}`, host: '127.0.0.1', community: 'public' };
  });
  const loaded = parseConfig(
    JSON.stringify({
      town: { name: 'Teststadt', contact: { email: 'wlan@teststadt.example' } },
      key: TEST_KEY,
      portal: { url: 'http://127.0.0.1:8080' },
      controller: { pollSeconds },
      ...{ sites, accessPoints },
    }),
    '/',
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.mistakes));
  return loaded.config;
}

interface Polled {
  readonly by: string;
  readonly ap: string;
  readonly at: Millis;
}

/** Several controllers over one store, and a network that answers as it is told. */
class Controllers {
  readonly polls: Polled[] = [];
  readonly lines: (LogFields & { readonly by: string; readonly event: string })[] = [];
  readonly store: HealthStore & LeaseStore = { ...modelStore('Europe/Berlin'), ...leaseStore() };
  /** By controller. */
  readonly cutOff = new Set<string>();
  /** Nothing answers these controllers. */
  readonly deaf = new Set<string>();
  readonly silent = new Set<string>();
  /** The same, for one controller: `a ap-0`. */
  readonly silentFor = new Set<string>();
  readonly #roles = new Map<string, { role: ControllerRole; clock: ManualClock; config: LiveValue<Config> }>();
  #now = START;

  async start(by: string, first = town()): Promise<void> {
    const clock = new ManualClock(this.#now);
    const config = new LiveValue(first);
    const write = (event: string, fields: LogFields = {}): void => void this.lines.push({ by, event, ...fields });
    const refuse = async () => {
      throw new Error('Redis is away');
    };
    const store = new Proxy(this.store, {
      get: (target, name, receiver) => (this.cutOff.has(by) ? refuse : Reflect.get(target, name, receiver)),
    });
    const role = new ControllerRole({
      ...{ config, store, clock, random: systemRandom, registry: createMetrics() },
      log: { ...silentLog, info: write, warn: write, error: write },
      openProber: () => ({ probe: async ({ id }) => this.#poll(by, id), close: async () => {} }),
    });
    this.#roles.set(by, { role, clock, config });
    await role.start();
  }

  /** As if its process was killed: it neither polls nor says anything any more. */
  kill(by: string): void {
    this.#roles.delete(by);
  }

  async stop(by: string): Promise<void> {
    const { role } = this.#of(by);
    this.#roles.delete(by);
    await role.stop();
  }

  /** Gives it another configuration. */
  reload(by: string, config: Config): void {
    this.#of(by).config.exchange(config);
  }

  async pass(time: Millis): Promise<void> {
    for (let passed = 0; passed < time; passed += STEP) {
      this.#now += STEP;
      for (const { clock } of this.#roles.values()) await clock.advance(STEP);
    }
  }

  get now(): Millis {
    return this.#now;
  }

  /** By access point: who polled it since then. */
  since(from: Millis): Map<string, string[]> {
    const polled = new Map<string, string[]>();
    for (const { ap, by, at } of this.polls) if (at > from) polled.set(ap, [...(polled.get(ap) ?? []), by]);
    return polled;
  }

  /** How many series of this name each controller shows. */
  async shown(name: string): Promise<number[]> {
    const pages = [...this.#roles.values()].map(async ({ role: { pages } }) => {
      let text = '';
      for await (const piece of pages.sites()) text += piece;
      for await (const piece of pages.aps.pieces(new URLSearchParams()) ?? []) text += piece;
      return readExposition(text).filter((series) => series.name === `stadtfunk_${name}`).length;
    });
    return Promise.all(pages);
  }

  #of(by: string) {
    const found = this.#roles.get(by);
    if (found === undefined) throw new Error(`no controller ${by}`);
    return found;
  }

  #poll(by: string, ap: string): PollResult {
    if (!this.#roles.has(by)) return { answered: false, reason: 'timeout' };
    this.polls.push({ by, ap, at: this.#now });
    if (this.deaf.has(by) || this.silent.has(ap) || this.silentFor.has(`${by} ${ap}`))
      return { answered: false, reason: 'timeout' };
    return { answered: true, sample: { description: '', interfaces: new Map() } };
  }
}

const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

/** Who polls two access points of one site, or one of them together with somebody else, is not alone with it. */
const pollers = (polled: Map<string, string[]>) => [...polled.values()].map((by) => new Set(by).size);

async function two(): Promise<Controllers> {
  const controllers = new Controllers();
  await controllers.start('a');
  await controllers.start('b');
  await controllers.pass(3 * POLL);
  return controllers;
}

test('two controllers share the town: each access point is polled by one of them, and is in the figures of one', async () => {
  const town = await two();
  const from = town.now;
  await town.pass(2 * POLL);
  const polled = town.since(from);
  expect(polled.size).toBe(APS);
  expect(Math.max(...pollers(polled))).toBe(1);
  expect([...polled.values()].map((by) => by.length)).toEqual(Array.from({ length: APS }, () => 2));
  const shares = await town.shown('ap_state');
  expect(total(shares)).toBe(APS);
  expect(Math.min(...shares)).toBeGreaterThan(APS / 5);
  expect(total(await town.shown('site_info'))).toBe(SITES);
});

test('when one dies the other polls its access points within two intervals, and an outage goes on as it was', async () => {
  const town = await two();
  const dying = [...town.since(town.now - POLL)].flatMap(([ap, by]) => (by.includes('a') ? [ap] : []));
  const [lost = ''] = dying;
  town.silent.add(lost);
  const silentFrom = town.now;
  await town.pass(2 * POLL);
  town.kill('a');
  const from = town.now;
  await town.pass(2 * POLL);
  const polled = town.since(from);
  expect(dying.filter((ap) => !polled.has(ap))).toEqual([]);
  expect(await town.shown('ap_state')).toEqual([APS]);
  await town.pass(2 * POLL);
  const outages = await town.store.outages(lost, everything);
  expect(outages).toEqual([{ from: expect.any(Number) }]);
  // From its first miss, which another process saw.
  expect(outages[0]?.from).toBeLessThanOrEqual(silentFrom + POLL);
  const others = Array.from({ length: APS }, (_, i) => `ap-${i}`).filter((ap) => ap !== lost);
  const invented = await Promise.all(others.map((ap) => town.store.outages(ap, everything)));
  expect(invented.flat()).toEqual([]);
  expect(await town.store.unwatched({ from: START, to: town.now }, 3 * POLL)).toEqual([]);
});

test('one that stops leaves its access points at once, and one that comes back gets its share again', async () => {
  const town = await two();
  await town.stop('a');
  const from = town.now;
  await town.pass(POLL);
  expect(town.since(from).size).toBe(APS);
  await town.start('a');
  await town.pass(POLL);
  expect(Math.min(...(await town.shown('ap_state')))).toBeGreaterThan(APS / 5);
});

test('none loses anything when all are told one by one to poll more often, and then more seldom again', async () => {
  const controllers = await two();
  for (const pollSeconds of [10, 60]) {
    for (const by of ['a', 'b']) {
      controllers.reload(by, town(pollSeconds));
      await controllers.pass(5 * SECOND);
    }
    const from = controllers.now;
    await controllers.pass(pollSeconds * SECOND);
    expect(Math.max(...pollers(controllers.since(from)))).toBe(1);
  }
  expect(controllers.lines.filter(({ event }) => event === 'access-points-let-go')).toEqual([]);
});

test('what only the configuration of another has stays as it is; what none has any more is retired', async () => {
  const controllers = new Controllers();
  const added = `ap-${APS}`;
  const stateOf = async (ap: string) => (await controllers.store.healthOf([ap])).get(ap)?.state;
  const newer = town(POLL / SECOND, APS + 1);
  await controllers.start('new', newer);
  controllers.silent.add(added);
  await controllers.pass(POLL);
  controllers.silent.delete(added);
  await controllers.pass(2 * POLL);
  expect(await stateOf(added)).toBe('up');
  controllers.silent.add(added);
  await controllers.pass(5 * POLL);
  await controllers.start('old');
  await controllers.pass(8 * POLL);
  expect(await stateOf(added)).toBe('down');
  expect(await controllers.store.outages(added, everything)).toEqual([{ from: expect.any(Number) }]);

  await controllers.stop('new');
  await controllers.start('new');
  await controllers.pass(5 * POLL);
  expect(await stateOf(added)).toBe('unknown');
  expect(await controllers.store.outages(added, everything)).toEqual([
    { from: expect.any(Number), to: expect.any(Number) },
  ]);
});

test('one that does not reach the store lets go before another may have its access points', async () => {
  const town = await two();
  const from = town.now;
  const own = new Set([...town.since(from - POLL)].flatMap(([ap, by]) => (by.includes('a') ? [ap] : [])));
  town.cutOff.add('a');
  await town.pass(3 * POLL);
  const last = Math.max(...town.polls.filter(({ by }) => by === 'a').map(({ at }) => at));
  const taken = town.polls.filter(({ by, ap, at }) => by === 'b' && own.has(ap) && at > from);
  expect(last).toBeLessThan(Math.min(...taken.map(({ at }) => at)));
  expect(town.lines).toContainEqual({ by: 'a', event: 'access-points-let-go' });
  town.cutOff.delete('a');
  await town.pass(2 * POLL);
  expect(Math.min(...(await town.shown('ap_state')))).toBeGreaterThan(APS / 5);
});

test.each(['is there', 'has gone again'])(
  'what one that was alone and cut off from the store could not keep replaces nothing of another that %s',
  async (other) => {
    const town = new Controllers();
    await town.start('a');
    await town.pass(2 * POLL);
    town.cutOff.add('a');
    town.silentFor.add('a ap-0');
    await town.pass(6 * POLL);
    await town.start('b');
    await town.pass(2 * POLL);
    if (other === 'has gone again') await town.stop('b');
    town.silentFor.clear();
    town.cutOff.delete('a');
    await town.pass(3 * POLL);
    expect(await town.store.outages('ap-0', everything)).toEqual([]);
    expect((await town.store.healthOf(['ap-0'])).get('ap-0')).toMatchObject({ state: 'up', streak: 0 });
    expect(total(await town.shown('ap_state'))).toBe(APS);
  },
);

test('what one that was alone and cut off from the store saw is kept if nobody else came meanwhile', async () => {
  const town = new Controllers();
  await town.start('a');
  await town.pass(2 * POLL);
  town.cutOff.add('a');
  town.silentFor.add('a ap-0');
  await town.pass(6 * POLL);
  town.cutOff.delete('a');
  await town.pass(2 * POLL);
  expect(await town.store.outages('ap-0', everything)).toEqual([{ from: expect.any(Number) }]);
});

test('one to which nothing answers any more leaves its access points to one that sees them; none is called down', async () => {
  const town = await two();
  town.deaf.add('a');
  await town.pass(8 * POLL);
  const from = town.now;
  await town.pass(POLL);
  expect([...town.since(from).values()].flat()).toEqual(Array.from({ length: APS }, () => 'b'));
  const outages = await Promise.all(Array.from({ length: APS }, (_, i) => town.store.outages(`ap-${i}`, everything)));
  // Nobody knows how they were meanwhile; b's own are untouched.
  expect(outages.flat().every(({ cause, to }) => cause === 'unseen' && to !== undefined)).toBe(true);
  expect(outages.filter((of) => of.length > 0).length).toBeLessThan(APS);
  expect(await town.store.unwatched({ from: START, to: town.now }, 3 * POLL)).toEqual([]);
});
