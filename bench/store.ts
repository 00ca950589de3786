import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, open } from 'lmdb';
import type { GrantId } from '../core/ids';
import { DeviceAddress } from '../core/mac';
import { HOUR, SECOND } from '../core/time';
import { systemClock } from '../runtime/clock';
import { systemRandom } from '../runtime/random';
import { openEmbeddedStore } from '../store/embedded/driver';
import type { Store } from '../store/store';
import { type Figure, median, type Run } from './figure';

const ROUNDS = 3;
const IN_FLIGHT = 64;
/** Devices, each with a grant and a session. */
const DEVICES = 5_000;
const SITE = 'rathaus';
const GATEWAY = 'gw-rathaus';
/** What a session's and a grant's record take in the store. */
const SESSION_OCTETS = 110;
const GRANT_OCTETS = 80;

/** Neighbours in time are not neighbours in the files: each turn goes through all devices, in an order of its own. */
function nth(n: number): number {
  return (n * 2749) % DEVICES;
}

type Operation = (n: number) => Promise<unknown>;

/** Durable operations, and a look-up, in turns with the raw lmdb: one put or get of the same size, as durable. */
export const run: Run = async (seconds) => {
  const folder = await mkdtemp(join(tmpdir(), 'stadtfunk-bench-'));
  const context = {
    townKey: 'bench-key-'.repeat(4),
    timeZone: 'Europe/Berlin',
    random: systemRandom,
    clock: systemClock,
  };
  const store = await openEmbeddedStore(join(folder, 'store'), context);
  const raw = open<Buffer, number>({
    path: join(folder, 'raw'),
    noSubdir: false,
    overlappingSync: false,
    encoding: 'binary',
  });
  const now = systemClock.now();
  try {
    const grants = await fill(store, now);
    const put = (octets: number) => putting(raw, Buffer.alloc(octets, 7));
    const milliseconds = (seconds * 1000) / (2 * ROUNDS);
    const against = 'raw lmdb put';
    return [
      await inTurns(
        'store.accounting',
        accounting(store, grants, now),
        put(SESSION_OCTETS),
        IN_FLIGHT,
        milliseconds,
        against,
      ),
      await inTurns('store.grant', granting(store, now), put(GRANT_OCTETS), IN_FLIGHT, milliseconds, against),
      await inTurns('store.find', finding(store, now), async (n) => raw.get(nth(n)), 1, milliseconds, 'raw lmdb get'),
    ];
  } finally {
    await store.close();
    await raw.close();
    await rm(folder, { recursive: true });
  }
};

/** A grant for every device. */
async function fill(store: Store, now: number): Promise<readonly GrantId[]> {
  const grant = granting(store, now);
  await Promise.all(Array.from({ length: DEVICES }, (_, n) => grant(n)));
  const found = await Promise.all(Array.from({ length: DEVICES }, (_, n) => store.findGrant(SITE, device(n), now)));
  return found.flatMap((one) => (one === undefined ? [] : [one.id]));
}

/** An interim report of one session after the other, each with more octets than the last. */
function accounting(store: Store, grants: readonly GrantId[], now: number): Operation {
  return (n) => {
    const report = 1 + Math.floor(n / DEVICES);
    const grantId = grants[nth(n)];
    return store.applyAccounting({
      ...{ kind: 'interim', gateway: GATEWAY, site: SITE, sessionId: `5F1E2D3C0000${nth(n)}` },
      ...(grantId !== undefined && { grantId }),
      ...{ eventAt: now + report * SECOND, receivedAt: now + report * SECOND },
      ...{ seconds: report, downloadOctets: report * 1_000_000, uploadOctets: report * 10_000 },
    });
  };
}

function granting(store: Store, now: number): Operation {
  return (n) =>
    store.putGrant({
      ...{ site: SITE, gateway: GATEWAY, device: device(nth(n)), termsVersion: '2026-11', language: 'de' },
      ...{ now, expiresAt: now + HOUR, withCredential: false },
    });
}

function finding(store: Store, now: number): Operation {
  return async (n) => store.findGrant(SITE, device(nth(n)), now);
}

function putting(raw: Database<Buffer, number>, value: Buffer): Operation {
  return (n) => raw.put(nth(n), value);
}

function device(n: number): DeviceAddress {
  const address = DeviceAddress.parse(`02005e${n.toString(16).padStart(6, '0')}`);
  if (address === undefined) throw new Error('no address');
  return address;
}

async function inTurns(
  name: string,
  ours: Operation,
  peers: Operation,
  inFlight: number,
  milliseconds: number,
  against: string,
): Promise<Figure> {
  const counter = { ours: 0, peers: 0 };
  const rates: { ours: number[]; peers: number[] } = { ours: [], peers: [] };
  const measure = async (who: 'ours' | 'peers', operation: Operation) => {
    const first = counter[who];
    const begin = systemClock.monotonic();
    const worker = async () => {
      while (systemClock.monotonic() - begin < milliseconds) await operation(counter[who]++);
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    return ((counter[who] - first) * 1000) / (systemClock.monotonic() - begin);
  };
  await measure('ours', ours);
  for (let round = 0; round < ROUNDS; round++) {
    rates.peers.push(await measure('peers', peers));
    rates.ours.push(await measure('ours', ours));
  }
  const value = median(rates.ours);
  return { name, value, unit: '1/s', against, ratio: value / median(rates.peers) };
}
