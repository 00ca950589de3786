import { DAY, HOUR, MINUTE, SECOND } from '../../core/time';
import { MOST_WAITING, type Store } from '../../store/store';
import { feedback } from '../contract/feedback';
import { device, event, request, START, WHOLE_TIME } from '../contract/fixtures';

const AP = 'ap-hall';
const DAY_BEFORE = START - DAY;
/** More lives of one session than are kept apart. */
const LIVES = 10;

/**
 * A day on which everything happens that a store can keep: every operation, and every field that a record may have.
 * @param store  empty
 */
export async function busyDay(store: Store): Promise<void> {
  await visits(store);
  await endings(store);
  await town(store);
  await questions(store);
}

async function visits(store: Store): Promise<void> {
  const { grant, credential } = await store.putGrant(request(1, { withCredential: true, dayCount: 'volume' }));
  const { username, password } = credential ?? { username: '', password: '' };
  if (store.credentialPassword(username) !== password) throw new Error('another password than the one issued');
  await store.takeCredential({
    username,
    gateway: 'gw-1',
    device: device(1),
    now: START,
    request: Buffer.from('request'),
  });
  const of = { grantId: grant.id, username };
  for (let life = 0; life < LIVES; life += 1) {
    const at = life * 60;
    await store.applyAccounting(event('start', at, of));
    await store.applyAccounting(event('stop', at + 30, { ...of, seconds: 30, downloadOctets: 5e6, uploadOctets: 7e5 }));
  }
  // One that goes on running, and a device that used up some of its day.
  await store.applyAccounting(event('start', 0, { ...of, sessionId: 's-2' }));
  const second = await store.putGrant(request(2, { dayCount: 'time' }));
  await store.endGrant(second.grant.id, START + 10 * MINUTE);
  await store.putGrant(request(3, { withCredential: true }));
}

async function endings(store: Store): Promise<void> {
  const at = START + 20 * MINUTE;
  for (const sessionId of ['s-3', 's-4', 's-5', 's-6']) {
    await store.applyAccounting(event('start', 0, { sessionId, gateway: 'gw-2', username: 'a-word-that-we-made-00' }));
  }
  await store.orderLimits({ gateway: 'gw-2' }, at);
  await store.orderEnd({ gateway: 'gw-2' }, at);
  const [first, second] = await store.takeDueEnds(at, 2, at + MINUTE);
  if (first === undefined || second === undefined) throw new Error('no order is due');
  await store.settleEnd(first, 'done', at);
  await store.deferEnd(second, at + 2 * MINUTE);
  await store.applyAccounting(
    event('start', 0, { sessionId: 's-7', gateway: 'gw-3', username: 'another-word-of-ours-0' }),
  );
  await store.orderLimits({ gateway: 'gw-3' }, at);
  await store.closeSessionsOf('gw-4', at, at);
  await store.closeSilentSessions(START - HOUR, at);
}

async function town(store: Store): Promise<void> {
  const up = { state: 'up', since: START, streak: 0, lastSeenAt: START } as const;
  await store.putHealth(AP, up);
  await store.putHealth(
    AP,
    { ...up, ...{ state: 'down', cause: 'agent', streak: 1, streakFrom: START, refusals: 1, bootAt: START } },
    { kind: 'open', from: START, cause: 'agent' },
  );
  await store.putHealth(AP, { ...up, ...{ bootAt: START, changes: [START] } }, { kind: 'close', to: START + HOUR });
  await store.putHealth(
    'ap-roof',
    { ...up, ...{ state: 'down', cause: 'agent', streak: 1, streakFrom: START, refusals: 1, bootAt: START } },
    { kind: 'open', from: START },
  );
  await store.watch(DAY_BEFORE, MINUTE);
  await store.watch(START, MINUTE);
  const work = { id: 'switch', reason: 'new switch', sites: ['rathaus'], accessPoints: [AP], plan: 'switches' };
  await store.putMaintenance({ ...work, from: START, to: START + HOUR, endedAt: START + MINUTE });
  await store.putExam({ site: 'schule', until: START + 2 * HOUR });
  await store.putExam({ site: 'rathaus', until: START + 2 * HOUR });
  await store.endExam('rathaus', START);
  await store.putFeedback(feedback(1, { contact: 'Erika Beispiel, 030 1234567' }), 9);
  await store.putFeedback(feedback(2), 9);
  await store.closeFeedback('7K3Q-9MX2', START);
  const waiting = { gateway: 'gw-1', id: 'hid', line: 'line', since: START, expiresAt: START + 2 * MINUTE };
  await store.putWaiting(waiting);
  await store.takeWaiting('gw-1', MOST_WAITING, START);
  await store.settleWaiting('gw-1', ['another']);
  await store.forgetWaiting('gw-1', START - SECOND);
  await store.takeOnce('a word', START + MINUTE, START);
  const claim = { work: 'access-points', pieces: 4, now: START, until: START + MINUTE, able: true };
  await store.claim({ ...claim, holder: 'a' });
  await store.claim({ ...claim, holder: 'b' });
  await store.giveUp('access-points', 'a');
  await store.putAudit({ at: START, overdue: [{ of: 'grant', count: 1 }] });
  await store.check();
  await store.clockAhead();
}

/** Everything that only reads, or forgets. */
async function questions(store: Store): Promise<void> {
  const { id } = (await store.findGrant('rathaus', device(1), START)) ?? { id: '' };
  const session = { gateway: 'gw-1', sessionId: 's-2' };
  store.grantVersion?.(id);
  await Promise.all([
    store.usedToday('rathaus', device(1), START),
    store.getGrant(id, START),
    store.isRedeemed('nobody', START),
    store.acceptances('rathaus', WHOLE_TIME),
    store.acceptancesByLanguage('rathaus', WHOLE_TIME),
    store.getSession(session.gateway, session.sessionId),
    store.countSessions(),
    store.siteUsage('rathaus', WHOLE_TIME),
    store.getEnd(session),
    store.isWaiting('gw-1', 'hid', START),
    store.allHealth(),
    store.healthOf([AP]),
    store.outages(AP, WHOLE_TIME),
    store.unwatched(WHOLE_TIME, MINUTE),
    store.maintenance(WHOLE_TIME),
    store.recordsOf(id),
    store.listFeedback(),
    store.countFeedback(START),
    store.findExam('schule', START),
    store.exams(START),
    store.census(START),
    store.lastAudit(),
  ]);
  await store.forget(START, { historyBefore: DAY_BEFORE - DAY });
}

/** A store that notes which of its operations were called. */
export function noting(store: Store): { readonly store: Store; readonly called: ReadonlySet<string> } {
  const called = new Set<string>();
  const noted = new Proxy(store, {
    get: (target, name, receiver) => {
      called.add(String(name));
      return Reflect.get(target, name, receiver);
    },
  });
  return { store: noted, called };
}
