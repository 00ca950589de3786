import { DeviceAddress } from '../../core/mac';
import { REJECT } from '../../core/reasons';
import { systemClock } from '../../runtime/clock';
import type { Store } from '../../store/store';
import { until } from '../support/wait';
import type { LoadGateway } from './load-gateway';
import type { Candidate, Login } from './logins';
import { deviceOf, type FaultSite } from './town';

const TERMS = '2026-11';
const UNSEEN_SECONDS = 600;
const EACH_KIND = 5;

function addressOf(device: string): DeviceAddress {
  const address = DeviceAddress.parse(device);
  if (address === undefined) throw new Error('not a device address');
  return address;
}

/** Waits for the store's own answer: on a busy machine one may be given without it. */
function isAccepted(gateway: LoadGateway, device: string, expected: boolean): Promise<unknown> {
  return until('the login is answered from the store', async () => {
    const answer = await gateway.login(device);
    return answer?.accepted === expected && answer.message !== REJECT['store-down'];
  });
}

/** Devices at one gateway: with a grant, without, with one that ended, and with somebody else's used credential. */
export async function candidatesAt(gateway: LoadGateway, store: Store, number: number): Promise<Candidate[]> {
  const grantTo = (device: string) => {
    const now = systemClock.now();
    const terms = { termsVersion: TERMS, language: 'de', now, expiresAt: now + 3_600_000 };
    const of = { site: gateway.site, gateway: gateway.id, device: addressOf(device), withCredential: true };
    return store.putGrant({ ...of, ...terms });
  };
  const candidates: Candidate[] = [];
  for (let i = 0; i < EACH_KIND; i++) {
    const device = (kind: number) => deviceOf(kind, number * EACH_KIND + i);
    const { credential } = await grantTo(device(0x20));
    if (credential === undefined) throw new Error('no credential');
    const use = { gateway: gateway.id, device: addressOf(device(0x20)), now: systemClock.now() };
    await store.takeCredential({ username: credential.username, ...use });
    await isAccepted(gateway, device(0x20), true);
    const { grant } = await grantTo(device(0x22));
    await isAccepted(gateway, device(0x22), true);
    await store.endGrant(grant.id, systemClock.now());
    await isAccepted(gateway, device(0x22), false);
    candidates.push(
      { who: 'holder', gateway, device: device(0x20) },
      { who: 'stranger', gateway, device: device(0x21) },
      { who: 'former', gateway, device: device(0x22) },
      { who: 'thief', gateway, device: device(0x23), credential },
    );
  }
  return candidates;
}

export const isStoreDown = ({ message }: Login): boolean => message === REJECT['store-down'];

/** Every Accept that the rule of its site does not allow, while the store does not answer or otherwise. */
export function wrongAccepts(
  logins: readonly Login[],
  sites: readonly FaultSite[],
  { from, to }: { readonly from: number; readonly to: number },
): string[] {
  const ruleOf = (site: string) => sites.find(({ id }) => id === site)?.whenStoreFails;
  const wrong: string[] = [];
  for (const { who, site, accepted, seconds = 0, askedAt, answeredAt } of logins) {
    if (!accepted) continue;
    const isWithout = answeredAt >= from && askedAt <= to;
    const mayEnter = who === 'holder' || (ruleOf(site) === 'open' && isWithout && seconds <= UNSEEN_SECONDS);
    if (!mayEnter) wrong.push(`${who} at ${ruleOf(site)} for ${seconds} s, ${Math.round(answeredAt - from)} ms after`);
  }
  return wrong;
}
