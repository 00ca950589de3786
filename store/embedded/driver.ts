import { join } from 'node:path';
import { OperatorError } from '../../core/errors';
import type { StoreContext } from '../context';
import { CredentialKey } from '../credentials';
import { FeedbackBox } from '../feedback-box';
import { KeyWrap } from '../pseudonyms';
import type { Store } from '../store';
import { auditStore } from './census';
import { Claim } from './claim';
import { disclosureStore } from './disclosure';
import { endStore } from './ends';
import { Engine } from './engine';
import { examStore } from './exams';
import { openFault, storeFault } from './faults';
import { feedbackStore } from './feedback';
import { prepareFolder } from './folder';
import { forget } from './forget';
import { grantStore } from './grants';
import { checkHead } from './head';
import { healthStore } from './health';
import { Keyring } from './keyring';
import { leaseStore } from './leases';
import { migrate } from './migrate';
import { onceStore } from './once';
import { countRunning } from './running';
import { sessionStore } from './sessions';
import { openTables } from './tables';
import { waitingStore } from './waiting';

/**
 * Opens the store in a folder, which is made if it is missing.
 * @throws OperatorError in one sentence if the folder cannot be used, is in use, or holds what this product, version or
 *   `key` cannot read
 */
export async function openEmbeddedStore(folder: string, context: StoreContext): Promise<Store> {
  await prepareFolder(folder);
  const claim = await Claim.take(folder, context.random);
  let engine: Engine | undefined;
  try {
    await checkHead(folder);
    engine = new Engine(openTables(folder), folder);
    return await openStore(engine, claim, context);
  } catch (error) {
    await engine?.close();
    await claim.release();
    throw openFault(error, folder) ?? (await storeFault(error, folder));
  }
}

async function openStore(engine: Engine, claim: Claim, context: StoreContext): Promise<Store> {
  const { townKey, timeZone, random } = context;
  const wrap = new KeyWrap(townKey, random);
  await migrate(engine, wrap);
  const keyring = new Keyring(join(engine.folder, 'keys'), wrap);
  await keyring.load();
  const credentialKey = new CredentialKey(townKey);
  const close = async () => {
    await engine.close();
    await claim.release();
  };
  let closing: Promise<void> | undefined;
  return {
    ...grantStore(engine, { keyring, credentialKey, random, timeZone }),
    ...sessionStore(engine, countRunning(engine)),
    ...endStore(engine),
    ...waitingStore(),
    ...healthStore(engine),
    ...leaseStore(),
    ...onceStore(),
    ...disclosureStore(engine),
    ...examStore(engine),
    ...feedbackStore(engine, new FeedbackBox(townKey, random)),
    ...auditStore(engine, keyring, timeZone),
    forget: (now, retention) => forget(engine, keyring, timeZone, now, retention),
    check: () => check(engine, random.word()),
    clockAhead: async () => 0,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

async function check(engine: Engine, word: string): Promise<void> {
  const { meta } = engine.tables;
  await engine.write(() => meta.put('probe', word));
  const read = await engine.read(() => meta.get('probe'));
  if (read !== word) {
    throw new OperatorError('STORE_FAILED', 'The store does not give back what was written.', 'Look at the disk.');
  }
}
