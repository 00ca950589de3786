import { createDecipheriv } from 'node:crypto';
import type { DeviceAddress } from '../../core/mac';
import { keyScope } from '../../core/pseudonym';
import { DAY, HOUR, type Millis } from '../../core/time';
import { deriveKey } from '../../runtime/derive-key';
import { HmacSha256 } from '../../runtime/hmac-sha256';
import { pseudonym } from '../../store/pseudonyms';
import type { Store } from '../../store/store';
import { canaries } from '../support/canary';
import { feedback } from './feedback';
import { CONTEXT, device, event, type OpenOptions, request, START, TIME_ZONE, TOWN_KEY } from './fixtures';

export interface PrivateDriver {
  open(options: OpenOptions): Promise<Store>;
  /** Everything the driver keeps of a place, as it lies there. */
  dump(place: string): Promise<readonly Buffer[]>;
  /** Makes `to` an exact copy of `from`, which is closed. */
  copy(from: string, to: string): Promise<void>;
}

interface Visit {
  readonly site: string;
  readonly who: number;
  readonly now: Millis;
}

/** What somebody who steals everything, the configuration included, can and cannot find in a store. */
export function privacyContract(name: string, { open, dump, copy }: PrivateDriver): void {
  let places = 0;
  const newPlace = () => `privacy-${++places}`;

  /** Runs visits in a place, one after the other; the store is closed afterwards. */
  async function stay(place: string, visits: readonly Visit[]): Promise<void> {
    const store = await open({ ...CONTEXT, place });
    for (const visit of visits) await walkIn(store, visit);
    await store.close();
  }

  describe(`${name}: privacy`, () => {
    test('no device address in any form, no user name and no password lies in the store', async () => {
      const place = newPlace();
      const store = await open({ ...CONTEXT, place });
      const secrets = [];
      for (const who of [1, 2, 3]) secrets.push(...(await walkIn(store, { site: 'rathaus', who, now: START })));
      const needles = [
        ...[1, 2, 3].flatMap((who) => canaries(addressOf(device(who)))),
        ...secrets.map((secret) => Buffer.from(secret)),
      ];
      expect(needles.length).toBeGreaterThan(3 * 14);
      expect(found(await dump(place), needles)).toEqual([]);
      await store.close();
      expect(found(await dump(place), needles)).toEqual([]);
      // The search finds what is there: the grant's site, which is no secret.
      expect(found(await dump(place), [Buffer.from('rathaus')])).toHaveLength(1);
    });

    test('what people write, and how to reach them, lies in the store encrypted', async () => {
      const place = newPlace();
      const store = await open({ ...CONTEXT, place });
      await store.putFeedback(feedback(1, { contact: 'Erika Beispiel, 030 1234567' }), 9);
      const needles = ['Der Knopf ist zu klein', 'Erika', '030 1234567'].map((text) => Buffer.from(text));
      expect(found(await dump(place), needles)).toEqual([]);
      await store.close();
      expect(found(await dump(place), needles)).toEqual([]);
      expect(found(await dump(place), [Buffer.from('accessibility')])).toHaveLength(1);
    });

    test.each<[string, Visit, Visit]>([
      ['two sites', { site: 'rathaus', who: 1, now: START }, { site: 'schule', who: 1, now: START }],
      ['two days', { site: 'rathaus', who: 1, now: START }, { site: 'rathaus', who: 1, now: START + DAY }],
    ])('a device at %s leaves no equal stretch of 8 octets', async (_, first, second) => {
      const base = newPlace();
      await stay(
        base,
        [first, second].map((visit) => ({ ...visit, who: 9 })),
      );
      const known = stretches(await dump(base), 4);
      const traceOf = async (visit: Visit) => {
        const place = newPlace();
        await copy(base, place);
        await stay(place, [visit]);
        return new Set([...stretches(await dump(place), 8)].filter((stretch) => isNew(stretch, known)));
      };
      const linking = async () => {
        const trace = await traceOf(first);
        const again = await traceOf(second);
        const ofAnother = await traceOf({ ...second, who: 2 });
        expect(trace.size).toBeGreaterThan(100);
        return [...trace].filter((stretch) => again.has(stretch) && !ofAnother.has(stretch)).map(hex);
      };
      // What a server writes about itself (its memory, how many keys it has) is the same by chance now and then, and
      // another time something else. What a device leaves would be there each time.
      let left = await linking();
      for (let time = 0; time < 3 && left.length > 0; time += 1) {
        const again = new Set(await linking());
        left = left.filter((stretch) => again.has(stretch));
      }
      expect(left).toEqual([]);
    });

    test('when its day is over and its last grant has expired, a key is gone from all files at once', async () => {
      const place = newPlace();
      await stay(place, [{ site: 'rathaus', who: 1, now: START }]);
      const stolen = await dump(place);
      const [key] = keysIn(stolen, 'rathaus', START);
      if (key === undefined) throw new Error('the attack does not work even while the key lives');
      const mark = pseudonym(new HmacSha256(key), device(1));
      expect(found(stolen, [mark])).toHaveLength(1);

      const store = await open({ ...CONTEXT, place });
      await store.forget(START + 12 * HOUR, { historyBefore: START - DAY });
      expect(keysIn(await dump(place), 'rathaus', START)).toEqual([]);
      expect(found(await dump(place), [key])).toEqual([]);
      await store.close();
      expect(keysIn(await dump(place), 'rathaus', START)).toEqual([]);
    });

    test('a key lives while its day lasts, and while a grant made under it does', async () => {
      const place = newPlace();
      const store = await open({ ...CONTEXT, place });
      await store.putGrant(request(1, { expiresAt: START + 20 * HOUR }));
      const alive = async (now: Millis) => {
        await store.forget(now, { historyBefore: 0 });
        return keysIn(await dump(place), 'rathaus', START).length > 0;
      };
      expect(await alive(START + 5 * HOUR)).toBe(true);
      expect(await alive(START + 20 * HOUR - 1)).toBe(true);
      expect(await store.findGrant('rathaus', device(1), START + 20 * HOUR - 1)).toBeDefined();
      expect(await alive(START + 20 * HOUR)).toBe(false);
      await store.close();
    });
  });
}

/** A whole visit: terms, gateway, session. Returns what must not be kept. */
async function walkIn(store: Store, { site, who, now }: Visit): Promise<string[]> {
  const { grant, credential } = await store.putGrant(request(who, { site, now, withCredential: true }));
  if (credential === undefined) throw new Error('no credential');
  const { username, password } = credential;
  await store.takeCredential({ username, gateway: 'gw-1', device: device(who), now });
  const of = { site, sessionId: CONTEXT.random.word(), grantId: grant.id, eventAt: now, receivedAt: now };
  await store.applyAccounting(event('start', 0, of));
  await store.applyAccounting(event('interim', 0, { ...of, seconds: 60, downloadOctets: 5 }));
  return [username, password];
}

function addressOf(device: DeviceAddress): string {
  return Buffer.from(device.reveal()).toString('hex');
}

function found(contents: readonly Buffer[], needles: readonly Buffer[]): Buffer[] {
  return needles.filter((needle) => contents.some((content) => content.includes(needle)));
}

/** Every stretch of so many octets. */
function stretches(contents: readonly Buffer[], length: number): Set<string> {
  const all = new Set<string>();
  for (const content of contents) {
    const text = content.toString('latin1');
    for (let at = 0; at + length <= text.length; at += 1) all.add(text.slice(at, at + length));
  }
  return all;
}

/**
 * Whether a stretch could tell of a device. Field names and times were there before: four octets of those tell nothing.
 * Neither does a list of offsets within a page, in which every second octet is less than 16.
 */
function isNew(stretch: string, known: ReadonlySet<string>): boolean {
  const smallOctets = [0, 1].map((first) => [0, 2, 4, 6].every((at) => stretch.charCodeAt(first + at) < 16));
  return !smallOctets.includes(true) && [0, 1, 2, 3, 4].every((at) => !known.has(stretch.slice(at, at + 4)));
}

/** The attack: everything anywhere in the files that the town's own key unwraps to a key of that site and day. */
function keysIn(contents: readonly Buffer[], site: string, now: Millis): Buffer[] {
  const scope = keyScope(site, now, TIME_ZONE);
  const wrappingKey = deriveKey(TOWN_KEY, 'pseudonym-keys');
  const [nonce, tag, key] = [12, 16, 32];
  const keys: Buffer[] = [];
  for (const content of contents) {
    for (let at = 0; at + nonce + tag + key <= content.length; at += 1) {
      const wrapped = content.subarray(at, at + nonce + tag + key);
      if (new Set(wrapped).size < 20) continue;
      const decipher = createDecipheriv('aes-256-gcm', wrappingKey, wrapped.subarray(0, nonce))
        .setAAD(Buffer.from(`${scope.site} ${scope.day}`))
        .setAuthTag(wrapped.subarray(nonce, nonce + tag));
      const opened = decipher.update(wrapped.subarray(nonce + tag));
      try {
        decipher.final();
        keys.push(opened);
      } catch {
        // Not a key.
      }
    }
  }
  return keys;
}

function hex(stretch: string): string {
  return Buffer.from(stretch, 'latin1').toString('hex');
}
