import { Redis } from 'ioredis';
import type { GrantId } from '../../core/ids';
import { type Millis, SECOND } from '../../core/time';
import { type Cancel, systemClock } from '../../runtime/clock';
import type { Client } from './engine';
import { GrantVersions, type Look } from './grant-versions';
import { ALL_SHARES, type Keys, slotOf } from './keys';

/** How often each link is asked whether it lives. */
const BEAT_MS: Millis = 200;
/** A link that broke is made again after so long. */
const PAUSE_MS: Millis = SECOND / 2;
/** Longer after its last proof of life nothing is believed that was heard before: so long an ended grant may be let in. */
export const BELIEVED_MS: Millis = 1_000;

/** Whom to listen to: a server that has grants, by the connection through which they are read. */
interface Source {
  readonly name: string;
  readonly reading: Redis;
  /** A key that lies there. */
  readonly key: string;
}

/** A connection that only listens. */
interface Link {
  readonly listening: Redis;
  /** Until when it is known to have told everything, monotonic. */
  provenAt: number;
}

/**
 * Hears of every change of a grant, whichever process makes it, so that grants found once need not be asked for again.
 * Each server that has grants is listened to on a connection of its own; what it tells there comes in order, so the answer
 * to a PING proves that everything before it was heard. Unless each link was proven within the last second, nothing is
 * known; and when one breaks, everything is forgotten.
 */
export class GrantWatch {
  readonly #redis: Client;
  readonly #keys: Keys;
  readonly #versions = new GrantVersions();
  readonly #links = new Map<string, Link>();
  readonly #cancel: Cancel;
  /** The oldest proof among all links; none while one is missing. */
  #provenAt = Number.NEGATIVE_INFINITY;
  #nextTryAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(redis: Client, keys: Keys) {
    this.#redis = redis;
    this.#keys = keys;
    this.#cancel = systemClock.every(BEAT_MS, () => this.#beat());
    this.#beat();
  }

  /** Before a grant is asked for; undefined while it would get no version. */
  look(): Look | undefined {
    return this.#isAlive() ? this.#versions.look() : undefined;
  }

  found(id: GrantId, look: Look | undefined): void {
    if (look !== undefined) this.#versions.found(id, look);
  }

  /** This process has changed the grant. */
  changed(id: GrantId): void {
    this.#versions.changed(id);
  }

  version(id: GrantId): number | undefined {
    return this.#isAlive() ? this.#versions.of(id) : undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    for (const name of [...this.#links.keys()]) this.#drop(name);
  }

  #isAlive(): boolean {
    return systemClock.monotonic() - this.#provenAt < BELIEVED_MS;
  }

  /** Sees that the servers that have grants now are those that are listened to, and asks each whether it lives. */
  #beat(): void {
    const sources = sourcesOf(this.#redis, this.#keys);
    const names = new Set(sources.map(({ name }) => name));
    for (const name of this.#links.keys()) if (!names.has(name)) this.#drop(name);
    for (const source of sources) {
      const link = this.#links.get(source.name);
      if (link === undefined) this.#open(source);
      else void this.#prove(source, link);
    }
    this.#reckon();
  }

  #open({ name, reading }: Source): void {
    if (systemClock.monotonic() < this.#nextTryAt) return;
    const listening = reading.duplicate({ retryStrategy: () => null, lazyConnect: true, autoResubscribe: false });
    const link: Link = { listening, provenAt: Number.NEGATIVE_INFINITY };
    this.#links.set(name, link);
    this.#versions.forgetAll();
    const isMine = () => this.#links.get(name) === link;
    listening.on('error', () => {});
    listening.on('message', (_, ids: string) => {
      for (const id of ids.split(' ')) this.#versions.changed(id);
    });
    const gone = () => isMine() && this.#drop(name);
    listening.once('close', gone).once('end', gone);
    listening
      .connect()
      .then(() => listening.subscribe(this.#keys.grantChanges()))
      .catch(gone);
  }

  #drop(name: string): void {
    const link = this.#links.get(name);
    this.#links.delete(name);
    this.#versions.forgetAll();
    this.#nextTryAt = systemClock.monotonic() + PAUSE_MS;
    this.#reckon();
    link?.listening.disconnect();
  }

  /** Proven is what was told before the question; and only if the server is still the one that is read from. */
  async #prove({ name, reading, key }: Source, link: Link): Promise<void> {
    if (link.listening.status !== 'ready' || link.listening.mode !== 'subscriber') return;
    const askedAt = systemClock.monotonic();
    try {
      await Promise.all([link.listening.ping(), reading.exists(key)]);
    } catch {
      return;
    }
    if (this.#links.get(name) !== link) return;
    if (!isSameServer(reading, link.listening)) {
      this.#drop(name);
      return;
    }
    link.provenAt = Math.max(link.provenAt, askedAt);
    this.#reckon();
  }

  #reckon(): void {
    const isWhole = !this.#isClosed && this.#links.size > 0;
    this.#provenAt = isWhole
      ? Math.min(...[...this.#links.values()].map(({ provenAt }) => provenAt))
      : Number.NEGATIVE_INFINITY;
  }
}

/** Sentinel may have named another master meanwhile, of which the other connection does not know yet. */
function isSameServer(a: Redis, b: Redis): boolean {
  const [one, other] = [a.stream, b.stream];
  return !('remoteAddress' in one && 'remoteAddress' in other)
    ? true
    : one.remoteAddress === other.remoteAddress && one.remotePort === other.remotePort;
}

/** In a cluster: the servers that have shares of the grants, and one of the shares of each. */
function sourcesOf(redis: Client, keys: Keys): readonly Source[] {
  if (redis instanceof Redis) return [{ name: '', reading: redis, key: keys.siteShare(0).grants }];
  const masters = new Map(redis.nodes('master').map((node) => [`${node.options.host}:${node.options.port}`, node]));
  const sources = new Map<string, Source>();
  for (const share of ALL_SHARES) {
    const key = keys.siteShare(share).grants;
    const name = redis.slots[slotOf(key)]?.[0] ?? '';
    const reading = masters.get(name);
    // One that nobody has listens to nobody: no link stands for it, and nothing is known.
    if (reading === undefined) return [];
    if (!sources.has(name)) sources.set(name, { name, reading, key });
  }
  return [...sources.values()];
}
