import { OperatorError } from '../../core/errors';
import { systemClock } from '../../runtime/clock';
import type { StoreContext } from '../context';
import { CredentialKey } from '../credentials';
import { FeedbackBox } from '../feedback-box';
import { KeyWrap } from '../pseudonyms';
import type { Store } from '../store';
import { auditStore } from './census';
import { Change } from './change';
import { connect, type RedisPlace } from './connect';
import { disclosureStore } from './disclosure';
import { endStore } from './ends';
import { type Client, Engine } from './engine';
import { examStore } from './exams';
import { redisFault } from './faults';
import { feedbackStore } from './feedback';
import { forget } from './forget';
import { grantStore } from './grants';
import { healthStore } from './health';
import { inspect } from './inspect';
import { Keyring } from './keyring';
import { Keys } from './keys';
import { leaseStore } from './leases';
import { migrate } from './migrate';
import { onceStore } from './once';
import { clockAhead } from './server-time';
import { sessionStore } from './sessions';
import { waitingStore } from './waiting';

/**
 * Opens the store in Redis.
 * @param warn  hears in a sentence what may be lost although it is configured so
 * @throws OperatorError in one sentence if Redis cannot be reached or used, does not keep what it is given, or holds what
 *   this version or `key` cannot read
 */
export async function openRedisStore(
  place: RedisPlace,
  context: StoreContext,
  warn: (message: string) => void = () => {},
): Promise<Store> {
  const redis = await connect(place);
  let engine: Engine | undefined;
  try {
    engine = new Engine(redis, new Keys(place.prefix), await inspect(redis, place, warn));
    return await openStore(engine, redis, context);
  } catch (error) {
    await engine?.close();
    redis.disconnect();
    throw redisFault(error);
  }
}

async function openStore(engine: Engine, redis: Client, context: StoreContext): Promise<Store> {
  const { townKey, timeZone, random, clock = systemClock } = context;
  const wrap = new KeyWrap(townKey, random);
  await migrate(engine, redis, wrap);
  // Who may not tell others of changes is told so now, not with the first grant.
  await redis.publish(engine.keys.grantChanges(), '');
  const keyring = new Keyring(engine, wrap);
  return {
    ...grantStore(engine, { keyring, credentialKey: new CredentialKey(townKey), random, timeZone }),
    ...sessionStore(engine),
    ...endStore(engine),
    ...waitingStore(engine),
    ...healthStore(engine, clock),
    ...leaseStore(engine, clock),
    ...onceStore(engine),
    ...disclosureStore(engine),
    ...examStore(engine),
    ...feedbackStore(engine, new FeedbackBox(townKey, random)),
    ...auditStore(engine, timeZone),
    forget: (now, retention) => engine.operation((redis) => forget(engine, redis, keyring, timeZone, now, retention)),
    check: () => engine.operation((redis) => check(engine, redis, random.word())),
    clockAhead: () => engine.operation(() => clockAhead(engine, clock)),
    close: () => engine.close(),
  };
}

async function check(engine: Engine, redis: Client, word: string): Promise<void> {
  const meta = engine.keys.town('meta');
  await engine.commit(new Change().write('HSET', meta, 'probe', word));
  if ((await redis.hget(meta, 'probe')) !== null) return;
  throw new OperatorError('STORE_FAILED', 'Redis does not give back what was written.', 'Look at its log.');
}
