import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Audit } from '../../core/records';
import { HOUR, MINUTE, type Millis } from '../../core/time';
import { createLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { auditGauges, SelfAudit } from '../../store/self-audit';
import type { Store } from '../../store/store';
import { CONTEXT, device, event, request, START, TIME_ZONE } from '../contract/fixtures';

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-audit-'));
const said: string[] = [];
const log = createLog('info', { write: (line) => void said.push(line) });
let store: Store;
let audit: SelfAudit;

beforeAll(async () => {
  store = await openEmbeddedStore(folder, CONTEXT);
  audit = new SelfAudit(store, () => TIME_ZONE, log);
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** Lets the audit look, and gives what the store then knows of the last one. */
async function lookAt(now: Millis): Promise<Audit | undefined> {
  await audit.look(now);
  return store.lastAudit();
}

test('it looks at the start, once more each night, and every hour while it finds something', async () => {
  expect(await store.lastAudit()).toBeUndefined();
  expect(await lookAt(START)).toEqual({ at: START, overdue: [] });
  expect(await lookAt(START + 5 * MINUTE)).toEqual({ at: START, overdue: [] });

  await store.putGrant(request(1, { expiresAt: START + HOUR }));
  await store.applyAccounting(event('start', 0, { sessionId: device(1).toString() }));
  const night = START + 6 * HOUR;
  const overdue = expect.arrayContaining([
    { of: 'grant', count: 1 },
    { of: 'session', count: 1 },
  ]);
  expect(await lookAt(night)).toEqual({ at: night, overdue });
  expect(said.join('')).toMatch(/"event":"privacy-audit-hit"/);

  await store.closeSilentSessions(night, night);
  await store.forget(night + 10 * MINUTE, { historyBefore: 0 });
  expect(await lookAt(night + 10 * MINUTE)).toEqual({ at: night, overdue });
  expect(await lookAt(night + HOUR)).toEqual({ at: night + HOUR, overdue: [] });
  expect(await lookAt(night + 2 * HOUR)).toEqual({ at: night + HOUR, overdue: [] });
});

test('what it found is a metric by class of record, and says nothing of a person', async () => {
  const registry = createMetrics();
  auditGauges(registry, () => store.lastAudit());
  const figures = async () => (await registry.metrics()).split('\n').filter((line) => /^stadtfunk_privacy/.test(line));
  expect(await figures()).toContain('stadtfunk_privacy_audit_hits{kind="grant"} 0');
  await store.putAudit({ at: START, overdue: [{ of: 'grant', count: 3 }] });
  expect(await figures()).toContain('stadtfunk_privacy_audit_hits{kind="grant"} 3');
  expect(await figures()).toContain('stadtfunk_privacy_audit_hits{kind="session"} 0');
  expect(await figures()).toContain(`stadtfunk_privacy_audit_timestamp_seconds ${START / 1000}`);
});

test('a store that does not answer in time leaves a gap, which is not the same as that nobody has ever looked', async () => {
  let answers = false;
  const registry = createMetrics();
  auditGauges(registry, async () => {
    if (answers) return undefined;
    throw new Error('it hangs');
  });
  const shown = async () => (await registry.metrics()).match(/^stadtfunk_privacy_audit.*$/gm);
  expect(await shown()).toBeNull();
  answers = true;
  expect(await shown()).toEqual(['stadtfunk_privacy_audit_timestamp_seconds 0']);
  answers = false;
  expect(await shown()).toBeNull();
});
