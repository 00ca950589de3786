import { isLive } from '../../core/grant';
import type { SiteId } from '../../core/ids';
import type { Interval } from '../../core/intervals';
import { FEWEST_TOLD } from '../../core/privacy';
import { keyScope } from '../../core/pseudonym';
import { type Millis, startOfMonth } from '../../core/time';
import { pseudonym } from '../pseudonyms';
import type { GrantStore } from '../store';
import { redeemed, takeCredential } from './credentials';
import { usedBy } from './day-use';
import type { Engine } from './engine';
import { grantById, grantsAt, removeGrant, toGrant } from './kept-grant';
import { hoursOf } from './keys';
import { type GrantTools, putGrant } from './put-grant';

export function grantStore(engine: Engine, tools: GrantTools): GrantStore {
  const { keys } = engine;
  const { keyring, credentialKey, timeZone } = tools;
  return {
    putGrant: (request) => engine.operation((redis) => putGrant(engine, redis, tools, request)),
    findGrant: (site, device, now) =>
      engine.operation(async (redis) => {
        const look = engine.grants.look();
        const lying = await keyring.under(redis, site, (held) =>
          grantsAt(
            redis,
            keys,
            site,
            held.map(({ key }) => pseudonym(key, device)),
          ),
        );
        const live = lying.find((kept) => kept !== undefined && isLive(toGrant(kept), now));
        if (live === undefined) return undefined;
        engine.grants.found(live.record.id, look);
        return toGrant(live);
      }),
    grantVersion: (id) => engine.grants.version(id),
    usedToday: (site, device, now) =>
      engine.operation((redis) =>
        keyring.under(redis, site, async (held) => {
          const { day } = keyScope(site, now, timeZone);
          const key = held.find((one) => one.day === day)?.key;
          if (key === undefined) return { octets: 0, seconds: 0 };
          const mark = pseudonym(key, device);
          const [[kept], lyingUse] = await Promise.all([
            grantsAt(redis, keys, site, [mark]),
            redis.hget(keys.site(site).dayUse, mark),
          ]);
          return usedBy(lyingUse, kept, now);
        }),
      ),
    getGrant: (id, now) =>
      engine.operation(async (redis) => {
        const kept = await grantById(redis, keys, id);
        return kept !== undefined && isLive(toGrant(kept), now) ? toGrant(kept) : undefined;
      }),
    endGrant: (id, now) =>
      engine.operation(async (redis) => {
        const kept = await grantById(redis, keys, id);
        const ended = kept && (await removeGrant(engine, redis, kept, (record) => record.id === id, now));
        return ended !== undefined && isLive(toGrant(ended), now);
      }),
    credentialPassword: (username) => credentialKey.password(username),
    takeCredential: (request) => engine.operation((redis) => takeCredential(engine, redis, tools, request)),
    isRedeemed: (username, now) =>
      engine.operation(async (redis) => (await redeemed(redis, keys, username, now)) !== undefined),
    acceptances: async (site, window) =>
      (await counted(engine, site, window)).flatMap(({ from, termsVersion, count }) =>
        termsVersion === '' ? [] : { hour: from, termsVersion, count },
      ),
    acceptancesByLanguage: async (site, window) => {
      const months = { from: startOfMonth(window.from), to: window.to };
      return (await counted(engine, site, months)).flatMap(({ from, termsVersion, language, count }) =>
        termsVersion === '' && count >= FEWEST_TOLD ? { month: from, language, count } : [],
      );
    },
  };
}

interface Counted {
  readonly from: Millis;
  readonly termsVersion: string;
  readonly language: string;
  readonly count: number;
}

/** By hour and version, without language; and by month and language, without version. */
function counted(engine: Engine, site: SiteId, window: Interval): Promise<Counted[]> {
  return engine.operation(async (redis) => {
    const { names, counts } = engine.keys.site(site).acceptances;
    const found = await redis.zrangebylex(names, ...hoursOf(site, window));
    const values = found.length === 0 ? [] : await redis.hmget(counts, ...found);
    return found.map((name, i) => {
      const [, from, termsVersion = '', language = ''] = name.split('\0');
      return { from: Number(from), termsVersion, language, count: Number(values[i]) };
    });
  });
}
