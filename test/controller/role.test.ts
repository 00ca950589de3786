import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { AccessPoint, Config } from '../../config/schema';
import { DAY, MINUTE } from '../../core/time';
import { DemoAccessPoints } from '../../demo/access-points';
import { LiveValue } from '../../runtime/live';
import { silentLog } from '../../runtime/log';
import { systemRandom } from '../../runtime/random';
import { describeWith, findProgram } from '../support/packages';
import { freeUdpPort } from '../support/ports';
import { readWalk, ScriptedAgent } from './agent';
import { Controller, POLL, START, town } from './controller';
import { ObservedStore } from './observed-store';
import { Snmpd } from './snmpd';

const openwrt = join(__dirname, 'fixtures', 'openwrt.snmprec');
/** Interfaces that a device names after somebody who is connected. */
const ODD_NAMES = new Map([
  ['1.3.6.1.2.1.31.1.1.1.1.1', Buffer.from('<pppoe-anna>')],
  ['1.3.6.1.2.1.31.1.1.1.1.1354', Buffer.from('wlan0.02005e200001')],
]);

const agents: ScriptedAgent[] = [];
const stores: ObservedStore[] = [];
let controller: Controller | undefined;

afterEach(async () => {
  await controller?.stop();
  for (const agent of agents.splice(0)) agent.stop();
  for (const store of stores.splice(0)) await store.remove();
});

function newStore(): ObservedStore {
  const store = new ObservedStore();
  stores.push(store);
  return store;
}

async function agent(): Promise<{ agent: ScriptedAgent; port: number }> {
  const made = new ScriptedAgent(readWalk(openwrt));
  agents.push(made);
  return { agent: made, port: await made.start() };
}

describeWith(['snmpd', 'snmpget'], 'Debian’s snmpd is stopped and started again', () => {
  let snmpd: Snmpd;

  beforeAll(async () => {
    snmpd = await Snmpd.prepare();
    await snmpd.start();
  });
  afterAll(() => snmpd.remove());

  test('the outage begins at the first missed poll, ends at the first answer, and outlives a restart of the role', async () => {
    const store = newStore();
    controller = new Controller(town([{ id: 'ap-1', port: snmpd.port }]), store);
    const { clock, lines } = controller;
    await controller.start();
    await controller.poll();
    expect(await controller.metric('ap_up', { ap: 'ap-1', site: 'school' })).toBe(1);
    expect(await controller.metric('ap_clients')).toBe(7);

    await snmpd.stop();
    const stoppedAt = clock.now();
    await controller.poll();
    await controller.poll();
    expect(await controller.metric('ap_up')).toBe(1);
    expect(await controller.metric('ap_state', { state: 'suspect' })).toBe(1);
    expect(await controller.metric('ap_load1')).toBeUndefined();
    await controller.poll();
    // It is there, and nobody knows whether it works.
    expect(await controller.metric('ap_up')).toBeUndefined();
    expect(await controller.metric('ap_state', { state: 'unknown' })).toBe(1);
    const [open] = await store.outages('ap-1', { from: START, to: clock.now() });
    expect(open).toEqual({ from: expect.any(Number), cause: 'agent' });
    const from = open?.from ?? 0;
    expect(from).toBeGreaterThanOrEqual(stoppedAt);
    expect(from).toBeLessThan(stoppedAt + POLL);
    expect(await controller.metric('ap_state_since_timestamp_seconds')).toBe(from / 1000);
    expect(await controller.metric('ap_outages_total')).toBe(0);
    expect(await controller.metric('ap_outage_seconds_total')).toBe(0);
    expect(lines).toContainEqual({
      ...{ event: 'outage-opened', ap: 'ap-1', site: 'school' },
      ...{ durationSeconds: 120, reason: 'agent' },
    });

    await controller.stop();
    await store.reopen();
    await controller.start();
    expect(await controller.metric('ap_state', { state: 'unknown' })).toBe(1);
    expect(await controller.metric('ap_state_since_timestamp_seconds')).toBe(from / 1000);

    await snmpd.start();
    const startedAt = clock.now();
    await controller.poll();
    expect(await controller.metric('ap_up')).toBeUndefined();
    await controller.poll();
    expect(await controller.metric('ap_up')).toBe(1);
    const outages = await store.outages('ap-1', { from: START, to: clock.now() });
    expect(outages).toEqual([{ from, to: expect.any(Number), cause: 'agent' }]);
    const to = outages[0]?.to ?? 0;
    expect(to).toBeGreaterThanOrEqual(startedAt);
    expect(to).toBeLessThan(startedAt + POLL);
    expect(lines.at(-1)).toEqual({
      event: 'outage-closed',
      ap: 'ap-1',
      site: 'school',
      durationSeconds: Math.round((to - from) / 1000),
      reason: 'agent',
    });
    expect(await controller.metric('polls_total', { result: 'answered' })).toBe(2);
  });
});

describe('polls in a row', () => {
  test('before and after a restart count together if the time between was watched', async () => {
    const { agent: ap, port } = await agent();
    const store = newStore();
    controller = new Controller(town([{ id: 'ap-1', port }]), store);
    await controller.start();
    await controller.poll();
    ap.silent = true;
    const silentFrom = controller.clock.now();
    await controller.poll();
    await controller.poll();
    await controller.stop();
    await controller.clock.advance(POLL / 2);
    await controller.start();
    await controller.poll();
    expect(await controller.metric('ap_up')).toBe(0);
    const [outage] = await store.outages('ap-1', { from: START, to: controller.clock.now() });
    expect(outage?.from).toBeGreaterThanOrEqual(silentFrom);
    expect(outage?.from).toBeLessThan(silentFrom + POLL);
  });

  test('do not count together if nobody watched for longer', async () => {
    const { agent: ap, port } = await agent();
    const store = newStore();
    controller = new Controller(town([{ id: 'ap-1', port }]), store);
    await controller.start();
    await controller.poll();
    ap.silent = true;
    await controller.poll();
    await controller.poll();
    await controller.stop();
    await controller.clock.advance(10 * MINUTE);
    const resumedAt = controller.clock.now();
    await controller.start();
    expect(await controller.metric('ap_state', { state: 'up' })).toBe(1);
    await controller.poll();
    await controller.poll();
    expect(await controller.metric('ap_up')).toBe(1);
    await controller.poll();
    const [outage] = await store.outages('ap-1', { from: START, to: controller.clock.now() });
    expect(outage?.from).toBeGreaterThanOrEqual(resumedAt);
  });

  test('are broken off when the machine slept', async () => {
    const { agent: ap, port } = await agent();
    const store = newStore();
    controller = new Controller(town([{ id: 'ap-1', port }]), store);
    await controller.start();
    await controller.poll();
    ap.silent = true;
    await controller.poll();
    await controller.poll();
    controller.clock.step(DAY);
    await controller.poll();
    await controller.poll();
    expect(await controller.metric('ap_up')).toBe(1);
    expect(await store.unwatched({ from: START, to: controller.clock.now() }, 3 * POLL)).toHaveLength(1);
  });

  test('go on at once when a clock that was a day ahead is set right again', async () => {
    const { agent: ap, port } = await agent();
    controller = new Controller(town([{ id: 'ap-1', port }]), newStore());
    await controller.start();
    await controller.poll();
    controller.clock.step(DAY);
    await controller.poll();
    controller.clock.step(-DAY);
    await controller.poll();
    ap.silent = true;
    for (let i = 0; i < 5; i++) await controller.poll();
    expect(await controller.metric('ap_up')).toBe(0);
  });
});

test('what the store refuses is kept as soon as it accepts again, and the metrics are right meanwhile', async () => {
  const { agent: ap, port } = await agent();
  const store = newStore();
  controller = new Controller(town([{ id: 'ap-1', port }]), store);
  await controller.start();
  await controller.poll();
  ap.silent = true;
  store.refuses = true;
  const silentFrom = controller.clock.now();
  for (let i = 0; i < 4; i++) await controller.poll();
  expect(await controller.metric('ap_up')).toBe(0);
  expect(controller.notReady()).toBe('the store does not keep the health of access points');
  expect(controller.lines.filter(({ event }) => event === 'health-not-kept')).toHaveLength(1);
  ap.silent = false;
  for (let i = 0; i < 2; i++) await controller.poll();
  store.refuses = false;
  await controller.poll();
  expect(controller.notReady()).toBeUndefined();
  const [outage] = await store.outages('ap-1', { from: START, to: controller.clock.now() });
  expect(outage?.from).toBeGreaterThanOrEqual(silentFrom);
  expect(outage?.to).toBeDefined();
});

test('a steady access point costs the store one write a minute at most', async () => {
  const { port } = await agent();
  const store = newStore();
  controller = new Controller(town([{ id: 'ap-1', port }]), store);
  await controller.start();
  for (let i = 0; i < 10; i++) await controller.poll();
  expect(store.writes).toBeLessThanOrEqual(12);
});

test('an access point that is added is asked; one that is removed has no series and no running outage', async () => {
  const [first, second] = [await agent(), await agent()];
  const store = newStore();
  const both = [
    { id: 'ap-1', port: first.port },
    { id: 'ap-2', port: second.port, name: 'Gym, "north"' },
  ];
  controller = new Controller(town(both.slice(0, 1)), store);
  await controller.start();
  await controller.poll();
  first.agent.silent = true;
  for (let i = 0; i < 3; i++) await controller.poll();
  expect(await controller.metric('ap_up', { ap: 'ap-1' })).toBe(0);

  controller.exchange(town(both));
  await controller.poll();
  expect(await controller.metric('ap_info', { ap: 'ap-2', name: 'Gym, "north"' })).toBe(1);
  controller.exchange(town(both.slice(1)));
  await controller.poll();
  expect(await controller.page()).not.toContain('ap-1');
  const [outage] = await store.outages('ap-1', { from: START, to: controller.clock.now() });
  expect(outage?.to).toBeDefined();
  expect((await store.allHealth()).get('ap-1')?.health.state).toBe('unknown');
});

test('an access point never seen is unknown: no outage, and neither up nor down', async () => {
  const store = newStore();
  controller = new Controller(town([{ id: 'ap-1', port: await freeUdpPort() }]), store);
  await controller.start();
  for (let i = 0; i < 4; i++) await controller.poll();
  expect(await controller.metric('ap_up')).toBeUndefined();
  expect(await controller.metric('ap_state', { state: 'unknown' })).toBe(1);
  expect(await controller.metric('polls_total', { result: 'refused' })).toBe(4);
  expect(await store.outages('ap-1', { from: START, to: controller.clock.now() })).toEqual([]);
});

test('the boot time stands still while the device runs, also when its uptime wraps after 497 days', async () => {
  const objects = readWalk(openwrt).filter(({ oid }) => oid !== '1.3.6.1.2.1.25.1.1.0');
  const uptime = { oid: '1.3.6.1.2.1.25.1.1.0', tag: 0x43, value: Buffer.from('ffffff00', 'hex') };
  const device = new ScriptedAgent([...objects, uptime]);
  agents.push(device);
  controller = new Controller(town([{ id: 'ap-1', port: await device.start() }]), newStore());
  await controller.start();
  await controller.poll();
  const bootTime = await controller.metric('ap_boot_time_seconds');
  uptime.value = Buffer.from([23, 112]); // 59.84 s: one interval later, wrapped
  await controller.poll();
  expect(await controller.metric('ap_boot_time_seconds')).toBe(bootTime);
  uptime.value = Buffer.from([0]);
  for (let i = 0; i < 2; i++) await controller.poll();
  expect(await controller.metric('ap_boot_time_seconds')).toBeGreaterThan(START / 1000);
});

describeWith('promtool', 'the page for Prometheus', () => {
  test('is accepted by promtool, and an odd device cannot break it', async () => {
    const objects = readWalk(openwrt).map((object) =>
      object.oid === '1.3.6.1.2.1.1.1.0'
        ? { ...object, value: Buffer.from('odd "} 1\n\u0000 AA:BB:CC:dd:ee:ff \\ device') }
        : { ...object, value: ODD_NAMES.get(object.oid) ?? object.value },
    );
    const odd = new ScriptedAgent(objects);
    agents.push(odd);
    const silent = await freeUdpPort();
    controller = new Controller(
      town([
        { id: 'ap-1', port: await odd.start() },
        { id: 'ap-2', port: silent },
      ]),
      newStore(),
    );
    await controller.start();
    await controller.poll();
    const page = await controller.page();
    const own = page.replace(/^.*stadtfunk_(process|nodejs)_.*\n/gm, '');
    const promtool = findProgram('promtool') ?? 'promtool';
    expect(execFileSync(promtool, ['check', 'metrics'], { input: own, encoding: 'utf8' })).toBe('');
    expect(await controller.metric('ap_info', { ap: 'ap-1', model: 'odd "} 1 [mac] \\ device' })).toBe(1);
    expect(await controller.metric('ap_interface_receive_bytes_total', { name: 'eth0' })).toBe(1_099_511_627_776);
    expect(await controller.metric('ap_memory_available_bytes')).toBe(150_000 * 1024);
    expect(page).toContain('name="wlan0.[mac]"');
    expect(page).not.toMatch(/anna|02005e200001/i);
  });
});

test('the demo’s access points live, and the bus goes away for three minutes in every ten', async () => {
  const ports = [await freeUdpPort(), await freeUdpPort()] as const;
  const config = town([
    { id: 'ap-bus', port: ports[0] },
    { id: 'ap-school', port: ports[1] },
  ]);
  const moved = (ap: AccessPoint): AccessPoint => (ap.id === 'ap-bus' ? { ...ap, site: 'bus' } : ap);
  const bus = { ...(config.sites[0] as Config['sites'][number]), id: 'bus', kind: 'bus' as const };
  const demoTown: Config = { ...config, sites: [...config.sites, bus], accessPoints: config.accessPoints.map(moved) };
  const store = newStore();
  controller = new Controller(demoTown, store);
  const demo = new DemoAccessPoints({
    config: new LiveValue(demoTown),
    clock: controller.clock,
    random: systemRandom,
    log: silentLog,
  });
  await demo.start();
  await controller.start();
  try {
    const received: number[] = [];
    for (let i = 0; i < 10; i++) {
      await controller.poll();
      received.push(
        (await controller.metric('ap_interface_receive_bytes_total', { ap: 'ap-school', name: 'eth0' })) ?? 0,
      );
    }
    expect(received).toEqual(received.toSorted((a, b) => a - b));
    expect(received[9]).toBeGreaterThan(received[0] ?? 0);
    expect(await controller.metric('ap_clients', { ap: 'ap-school' })).toBeGreaterThan(0);
    const [outage] = await store.outages('ap-bus', { from: START, to: controller.clock.now() });
    const minutes = ((outage?.to ?? 0) - (outage?.from ?? 0)) / MINUTE;
    expect(minutes).toBeGreaterThanOrEqual(2);
    expect(minutes).toBeLessThanOrEqual(4);
    expect(await store.outages('ap-school', { from: START, to: controller.clock.now() })).toEqual([]);
  } finally {
    await demo.stop();
  }
});
