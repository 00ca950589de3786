import type { SiteId } from '../../core/ids';
import { type KeyScope, keyIsDead, keyScope } from '../../core/pseudonym';
import type { Millis } from '../../core/time';
import type { KeyWrap, PseudonymKey } from '../pseudonyms';
import { Change } from './change';
import type { Client, Engine } from './engine';
import { ALL_SHARES } from './keys';

export interface HeldKey extends KeyScope {
  readonly key: PseudonymKey;
  /** As it lies in Redis. */
  readonly wrapped: Buffer;
}

/**
 * The keys of pseudonyms: wrapped in Redis, where all processes find the same ones; unwrapped in memory. A key is drawn
 * by whoever needs it first. What is held in memory is compared with what lies there in each operation that uses it, so
 * that a key drawn or destroyed elsewhere is noticed at once.
 */
export class Keyring {
  readonly #engine: Engine;
  readonly #wrap: KeyWrap;
  readonly #bySite = new Map<SiteId, readonly HeldKey[]>();

  constructor(engine: Engine, wrap: KeyWrap) {
    this.#engine = engine;
    this.#wrap = wrap;
  }

  /**
   * Looks something up under every living key of a site, the oldest first: in the turn in which the keys are asked for,
   * and once more if they were others than those that are held.
   */
  async under<T>(redis: Client, site: SiteId, look: (keys: readonly HeldKey[]) => Promise<T>): Promise<T> {
    for (;;) {
      const held = this.#bySite.get(site) ?? [];
      const [lying, found] = await Promise.all([
        redis.hgetallBuffer(this.#engine.keys.site(site).pseudonymKeys(site)),
        look(held),
      ]);
      if (isSame(held, lying)) return found;
      this.#take(site, lying);
    }
  }

  /** The key of a site and day; drawn, and durable, if there was none. */
  async need(redis: Client, scope: KeyScope): Promise<void> {
    const { site, day } = scope;
    const keys = this.#engine.keys.site(site);
    const isThere = (held: readonly HeldKey[]): boolean => held.some((key) => key.day === day);
    if (isThere(this.#bySite.get(site) ?? [])) return;
    if (isThere(await this.under(redis, site, async (held) => held))) return;
    const { wrapped, key } = this.#wrap.draw(scope);
    key.destroy();
    // If somebody was quicker, theirs is the key.
    await this.#engine.commit(
      new Change()
        .expect(keys.pseudonymKeys(site), day, null)
        .write('HSET', keys.pseudonymKeys(site), day, wrapped)
        .write('ZADD', keys.keyExpiry, 'NX', 0, `${site}\0${day}`),
    );
  }

  /** Destroys the keys whose day is over and whose last grant has expired, and forgets those that others destroyed. */
  async destroyDead(redis: Client, now: Millis, timeZone: string): Promise<void> {
    await Promise.all(ALL_SHARES.map((share) => this.#destroyDeadIn(redis, share, now, timeZone)));
    await Promise.all([...this.#bySite.keys()].map((site) => this.under(redis, site, async () => undefined)));
  }

  async #destroyDeadIn(redis: Client, share: number, now: Millis, timeZone: string): Promise<void> {
    const { keyExpiry, pseudonymKeys } = this.#engine.keys.siteShare(share);
    const expired = await redis.zrangebyscore(keyExpiry, '-inf', now);
    const today = keyScope('', now, timeZone).day;
    for (const name of expired) {
      const [site = '', day = ''] = name.split('\0');
      if (day === today) continue;
      await this.#engine.decide(async () => {
        const score = await redis.zscore(keyExpiry, name);
        if (score === null || !keyIsDead({ day, lastExpiry: Number(score) }, now, timeZone)) return undefined;
        const change = new Change().expectScore(keyExpiry, name, score);
        change.write('HDEL', pseudonymKeys(site), day).write('ZREM', keyExpiry, name);
        return this.#engine.commit(change);
      });
    }
  }

  #take(site: SiteId, lying: Readonly<Record<string, Buffer>>): void {
    const before = this.#bySite.get(site) ?? [];
    const now = Object.entries(lying)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([day, wrapped]) => {
        const held = before.find((key) => key.day === day && key.wrapped.equals(wrapped));
        return held ?? { site, day, wrapped, key: this.#wrap.unwrap({ site, day }, wrapped) };
      });
    for (const held of before) if (!now.includes(held)) held.key.destroy();
    if (now.length > 0) this.#bySite.set(site, now);
    else this.#bySite.delete(site);
  }
}

function isSame(held: readonly HeldKey[], lying: Readonly<Record<string, Buffer>>): boolean {
  return (
    held.length === Object.keys(lying).length && held.every(({ day, wrapped }) => lying[day]?.equals(wrapped) === true)
  );
}
