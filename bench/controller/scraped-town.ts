import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { AccessPoint } from '../../config/schema';
import { AP_SERIES, SAID_SERIES } from '../../controller/ap-series';
import type { Sample } from '../../controller/probe/probe';
import { Sight } from '../../controller/sight';
import { WatchedAp } from '../../controller/watched-ap';
import { systemClock } from '../../runtime/clock';
import { EXPOSITION_TYPE, exposition, type Labelled } from '../../runtime/exposition';
import type { OpsPage } from '../../runtime/ops-page';
import { OpsServer } from '../../runtime/ops-server';

/**
 * The child process of bench/controller/scrape.ts: the ops server of a town with 40,000 access points, each with the
 * series of an OpenWrt device with two radios. Beside it, on /ready-made, the same page as text that lies there already.
 * It tells its port; at a message it tells what happened since the last one.
 */

const ACCESS_POINTS = 40_000;
const SITES = 2_000;

export interface Scraped {
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  readonly residentBytes: number;
}

function accessPoint(i: number): Labelled<WatchedAp> {
  const config: AccessPoint = {
    id: `ap-${i}`,
    name: `Access point ${i}`,
    site: `site-${i % SITES}`,
    host: '::1',
    port: 161,
  };
  const now = systemClock.now();
  const ap = new WatchedAp(config, undefined, { state: 'unknown', since: now, streak: 0 }, new Sight(systemClock), now);
  ap.answer(sample(i), now, { missesUntilDown: 3, answersUntilUp: 2, pollSeconds: 60 });
  return [ap, { ap: config.id, site: config.site }];
}

function sample(i: number): Sample {
  const octets = { receiveOctets: 12_345_678_901 + i, transmitOctets: 2_345_678_901 + i };
  return {
    description: 'OpenWrt',
    vendor: 'OpenWrt',
    model: 'tplink,eap225-v3',
    firmware: 'OpenWrt 24.10.2',
    uptime: { seconds: 100_000 + i, source: 'host' },
    load1: 0.42,
    memory: { totalBytes: 134_217_728, availableBytes: 50_331_648 + i },
    clients: i % 40,
    clientsByBand: new Map([
      ['2.4', i % 10],
      ['5', i % 30],
    ]),
    radios: new Map([
      ['radio0', { band: '2.4', channelUtilization: 0.31, noiseDbm: -95 }],
      ['radio1', { band: '5', channelUtilization: 0.07, noiseDbm: -102 }],
    ]),
    interfaces: new Map(['eth0', 'wlan0'].map((name) => [name, { ...octets, up: true }])),
  };
}

async function main(): Promise<void> {
  const aps = Array.from({ length: ACCESS_POINTS }, (_, i) => accessPoint(i));
  const made: Uint8Array[] = [];
  for await (const piece of exposition(AP_SERIES, aps, SAID_SERIES)) made.push(piece);
  async function* readyMade(): AsyncGenerator<Uint8Array> {
    yield* made;
  }
  const pages = new Map<string, OpsPage>([
    ['/metrics/aps', { type: EXPOSITION_TYPE, pieces: () => exposition(AP_SERIES, aps, SAID_SERIES) }],
    ['/ready-made', { type: EXPOSITION_TYPE, pieces: readyMade }],
  ]);
  const ops = new OpsServer({ host: '127.0.0.1', port: 0 }, pages, () => []);
  await ops.start();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on('message', () => {
    const scraped: Scraped = {
      delayP99Ms: delay.percentile(99) / 1e6,
      delayMaxMs: delay.max / 1e6,
      residentBytes: process.memoryUsage.rss(),
    };
    delay.reset();
    process.send?.(scraped);
  });
  process.on('disconnect', () => process.exit());
  process.send?.(ops.port);
}

void main();
