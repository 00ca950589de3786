import type { Millis } from '../../core/time';
import type { MovedOf, MovedRecord } from '../move/records';
import { Change } from './change';
import { dayNumber } from './day-use';
import type { Engine } from './engine';
import { ADDED, type FeedbackRecord } from './feedback';
import { LAST_WORD } from './health';
import { INDEX_AFTERGLOW_MS, notePlace } from './kept-grant';
import { entry, hourText, shareOf } from './keys';
import { writeOrder } from './orders';
import { encode, sessionName } from './records';
import { runs, writeSession } from './session-change';

/** Puts a record of another store into one that is being filled. */
export async function putMoved(engine: Engine, record: MovedRecord, now: Millis): Promise<void> {
  switch (record.of) {
    case 'grant':
      return putGrant(engine, record, now);
    case 'session':
      return putSession(engine, record);
    case 'usage-total':
      return putUsage(engine, record);
    default:
      await engine.commit(changeFor(engine, record));
  }
}

async function putGrant(engine: Engine, moved: MovedOf<'grant'>, now: Millis): Promise<void> {
  const { of: _, device: name, usedOctets, ...record } = moved;
  const { site, id, gateway, expiresAt } = record;
  const device = Buffer.from(name, 'base64url');
  const of = engine.keys.site(site);
  await notePlace(engine, { site, device }, id, expiresAt - now);
  await engine.commit(
    new Change()
      .write('HSET', of.grants, device, encode(record))
      .write('HSET', of.octets, device, usedOctets)
      .write('ZADD', of.byExpiry, expiresAt, device)
      .write('ZADD', of.bySite, 0, entry(site, device))
      .write('ZADD', of.byGateway, 0, entry(gateway, device)),
  );
}

async function putSession(engine: Engine, { of: _, ...session }: MovedOf<'session'>): Promise<void> {
  const name = sessionName(session.gateway, session.sessionId);
  if (session.grantId !== undefined && runs(session)) {
    const index = engine.keys.grantIndex(session.grantId);
    await engine.commit(
      new Change().write('HSET', index, `session ${name}`, '').write('PEXPIRE', index, INDEX_AFTERGLOW_MS),
    );
  }
  const change = new Change();
  writeSession(change, engine.keys.gateway(session.gateway), { lying: null, record: undefined }, session);
  await engine.commit(change);
}

/** Which gateways the site had is not known: any share will do, if it is noted. */
async function putUsage(engine: Engine, record: MovedOf<'usage-total'>): Promise<void> {
  const { of: _, site, hour, ...usage } = record;
  const { keys } = engine;
  const share = shareOf(site);
  await engine.commit(new Change().write('SADD', keys.site(site).usageShares(site), share));
  const table = keys.gatewayShare(share).usage;
  await engine.commit(new Change().count(table, `${site}\0${hourText(hour)}`, hour, Object.entries(usage)));
}

type Simple = Exclude<MovedRecord, { of: 'grant' | 'session' | 'usage-total' }>;

function changeFor({ keys }: Engine, record: Simple): Change {
  const change = new Change();
  switch (record.of) {
    case 'pseudonym-key': {
      const { site, day, wrapped, lastExpiry } = record;
      const of = keys.site(site);
      change.write('HSET', of.pseudonymKeys(site), day, Buffer.from(wrapped, 'base64'));
      return change.write('ZADD', of.keyExpiry, lastExpiry, `${site}\0${day}`);
    }
    case 'day-use': {
      const { device, site, day, octets, seconds } = record;
      const [of, mark] = [keys.site(site), Buffer.from(device, 'base64url')];
      change.write('HSET', of.dayUse, mark, encode({ site, octets, seconds }));
      return change.write('ZADD', of.dayUseByDay, dayNumber(day), mark);
    }
    case 'acceptance-count': {
      const { site, hour, termsVersion, language, count } = record;
      const name = [site, hourText(hour), termsVersion, language].join('\0');
      return change.count(keys.site(site).acceptances, name, hour, [['', count]]);
    }
    case 'end-order': {
      const { of: _, ...order } = record;
      writeOrder(change, keys.gateway(order.gateway), sessionName(order.gateway, order.sessionId), null, order);
      return change;
    }
    case 'health': {
      const of = keys.accessPoint(record.ap);
      change.write('HSET', of.health, record.ap, encode(record.health));
      return record.firstSeenAt === undefined
        ? change
        : change.write('HSET', of.firstSeen, record.ap, record.firstSeenAt);
    }
    case 'outage': {
      const { of: _, ap, from, ...outage } = record;
      const of = keys.accessPoint(ap);
      change.write('HSET', of.outages(ap), from, encode(outage));
      if (outage.to === undefined) return change.write('HSET', of.lasting, ap, from);
      return change.write('ZADD', of.closed, outage.to, `${ap}\0${from}`);
    }
    default:
      return townChange(keys.town.bind(keys), record);
  }
}

type OfTown = 'unwatched' | 'last-word' | 'maintenance' | 'exam' | 'feedback' | 'audit';

function townChange(key: Engine['keys']['town'], record: Extract<MovedRecord, { of: OfTown }>): Change {
  const change = new Change();
  switch (record.of) {
    case 'unwatched':
      return change.write('HSET', key('unwatched'), record.from, record.to);
    case 'last-word':
      return change.write('HSET', key('unwatched'), LAST_WORD, record.at);
    case 'maintenance': {
      const { of: _, ...window } = record;
      return change.write('HSET', key('maintenance'), window.id, encode(window));
    }
    case 'exam': {
      const { of: _, ...exam } = record;
      return change.write('HSET', key('exams'), exam.site, encode(exam));
    }
    case 'feedback': {
      const { of: _, reference, ...rest } = record;
      change.write('HSET', key('feedback'), reference, encode(rest satisfies FeedbackRecord));
      return change.write('HINCRBY', key('feedback'), ADDED, 1);
    }
    case 'audit': {
      const { of: _, ...audit } = record;
      return change.write('HSET', key('meta'), 'audit', encode(audit));
    }
  }
}
