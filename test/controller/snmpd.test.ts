import type { AccessPoint } from '../../config/schema';
import { Secret } from '../../config/secret';
import type { PollResult, Sample } from '../../controller/probe/probe';
import { SnmpProber } from '../../controller/probe/snmp';
import type { IgnoredReason } from '../../core/reasons';
import { systemClock } from '../../runtime/clock';
import { describeWith } from '../support/packages';
import { Snmpd } from './snmpd';

const ignored: IgnoredReason[] = [];
const prober = new SnmpProber({ clock: systemClock, onIgnored: (reason) => ignored.push(reason) });
afterAll(() => prober.close());

function poll(port: number, more: Partial<AccessPoint> = {}): Promise<PollResult> {
  const place = { id: 'ap', name: 'AP', site: 'site', host: '127.0.0.1', port, community: new Secret('public') };
  return prober.probe({ ...place, ...more }, new AbortController().signal);
}

function sampleOf(result: PollResult): Sample {
  if (!result.answered) throw new Error(`missed: ${result.reason}`);
  return result.sample;
}

describeWith(['snmpd', 'snmpget'], 'an access point with Debian’s snmpd, configured as OpenWrt does', () => {
  let snmpd: Snmpd;

  beforeAll(async () => {
    snmpd = await Snmpd.prepare();
    await snmpd.start();
  });
  afterAll(() => snmpd.remove());

  test('says the same to a poll as to snmpget', async () => {
    const number = (oid: string): number => Number(snmpd.get(oid));
    const moving = () => ({
      seconds: number('1.3.6.1.2.1.25.1.1.0') / 100,
      load1: number('1.3.6.1.4.1.2021.10.1.5.1') / 100,
      availableBytes: number('1.3.6.1.4.1.2021.4.27.0') * 1024,
    });
    const before = moving();
    const polled = await poll(snmpd.port);
    const after = moving();
    const { description, uptime, load1, memory, interfaces, clients } = sampleOf(polled);

    expect(description).toBe(snmpd.get('1.3.6.1.2.1.1.1.0'));
    expect(uptime?.source).toBe('host');
    expect(uptime?.seconds).toBeGreaterThan(before.seconds - 1);
    expect(uptime?.seconds).toBeLessThan(after.seconds + 1);
    expect(load1).toBeGreaterThan(Math.min(before.load1, after.load1) - 0.1);
    expect(load1).toBeLessThan(Math.max(before.load1, after.load1) + 0.1);
    expect(memory?.totalBytes).toBe(number('1.3.6.1.4.1.2021.4.5.0') * 1024);
    expect(memory?.availableBytes).toBeGreaterThan(0.9 * Math.min(before.availableBytes, after.availableBytes));
    expect(memory?.availableBytes).toBeLessThan(1.1 * Math.max(before.availableBytes, after.availableBytes));
    expect(clients).toBe(7);
    expect(interfaces.has('lo')).toBe(false);
    const names = [2, 3, 4]
      .map((index) => snmpd.get(`1.3.6.1.2.1.31.1.1.1.1.${index}`))
      .filter((name) => interfaces.has(name ?? ''));
    expect(names.length).toBeGreaterThan(0);
    expect(ignored).toEqual([]);
  });

  test('with another community it is not answered, and the miss says no more than that', async () => {
    expect(await poll(snmpd.port, { community: new Secret('not-public') })).toEqual({
      answered: false,
      reason: 'timeout',
    });
  });

  test('is reached by name, over IPv6 and over IPv4 written as IPv6', async () => {
    for (const host of ['localhost', '0:0:0:0:0:0:0:1', '::FFFF:127.0.0.1']) {
      expect([host, (await poll(snmpd.port, { host })).answered]).toEqual([host, true]);
    }
  });
});
