import { CREDENTIAL_LIFETIME_MS } from '../../core/grant';
import { FEWEST_TOLD } from '../../core/privacy';
import { DAY, HOUR, MINUTE, startOfMonth } from '../../core/time';
import type { Store } from '../../store/store';
import { device, event, request, START, type Subject, WHOLE_TIME } from './fixtures';

/** Grants, acceptance counts and credentials. */
export function grantsContract(subject: Subject): void {
  let store: Store;
  let site: string;
  beforeEach(() => {
    ({ store, site } = subject());
  });

  describe('grants', () => {
    test('a grant is found by its device and its id until it expires', async () => {
      const { grant } = await store.putGrant(request(1, { site }));
      expect(grant).toMatchObject({
        site,
        gateway: 'gw-1',
        acceptedAt: START,
        expiresAt: START + HOUR,
        usedOctets: 0,
      });
      expect(Object.keys(grant)).not.toContain('device');
      expect(await store.findGrant(site, device(1), START + HOUR - 1)).toEqual(grant);
      expect(await store.getGrant(grant.id, START + HOUR - 1)).toEqual(grant);
      expect(await store.findGrant(site, device(1), START + HOUR)).toBeUndefined();
      expect(await store.getGrant(grant.id, START + HOUR)).toBeUndefined();
    });

    test('another device and another site have no grant', async () => {
      await store.putGrant(request(1, { site }));
      expect(await store.findGrant(site, device(2), START)).toBeUndefined();
      expect(await store.findGrant('elsewhere', device(1), START)).toBeUndefined();
    });

    test('renewing keeps id and octets and takes the new end, gateway and terms', async () => {
      const { grant } = await store.putGrant(request(1, { site }));
      await store.applyAccounting(event('start', 0, { site, sessionId: site, grantId: grant.id, downloadOctets: 9 }));
      const now = START + 30 * MINUTE;
      const renewed = await store.putGrant(request(1, { site, now, gateway: 'gw-2', termsVersion: '2027-01' }));
      expect(renewed.grant).toEqual({
        ...{ ...grant, gateway: 'gw-2', termsVersion: '2027-01' },
        ...{ acceptedAt: now, expiresAt: now + HOUR, usedOctets: 9 },
      });
      expect(await store.findGrant(site, device(1), now)).toEqual(renewed.grant);
    });

    test('after the key of the day has changed an older grant is still found, and renewing replaces it', async () => {
      const { grant } = await store.putGrant(request(1, { site, expiresAt: START + 20 * HOUR }));
      const morning = START + 10 * HOUR;
      expect(await store.findGrant(site, device(1), morning)).toEqual(grant);
      const renewed = await store.putGrant(request(1, { site, now: morning }));
      expect(renewed.grant.id).not.toBe(grant.id);
      expect(renewed.grant.usedOctets).toBe(0);
      expect(await store.getGrant(grant.id, morning)).toBeUndefined();
      expect(await store.findGrant(site, device(1), morning)).toEqual(renewed.grant);
    });

    test('an ended grant is gone, and ending it again says so', async () => {
      const { grant } = await store.putGrant(request(1, { site }));
      expect(await store.endGrant(grant.id, START)).toBe(true);
      expect(await store.endGrant(grant.id, START)).toBe(false);
      expect(await store.findGrant(site, device(1), START)).toBeUndefined();
    });

    test('acceptances are counted by site, hour and terms version', async () => {
      await store.putGrant(request(1, { site }));
      await store.putGrant(request(1, { site }));
      await store.putGrant(request(2, { site, language: 'en' }));
      await store.putGrant(request(3, { site, now: START + HOUR, termsVersion: '2027-01' }));
      const hour = START - 30 * MINUTE;
      const counts = [
        { hour, termsVersion: '2026-11', count: 3 },
        { hour: hour + HOUR, termsVersion: '2027-01', count: 1 },
      ];
      expect(await store.acceptances(site, WHOLE_TIME)).toEqual(counts);
      expect(await store.acceptances(site, { from: hour + HOUR - 1, to: hour + HOUR })).toEqual(counts.slice(0, 1));
      expect(await store.acceptances(site, { from: hour + HOUR, to: hour + DAY })).toEqual(counts.slice(1));
    });

    test('by language they are counted for a month, and fewer than five are not told', async () => {
      for (let i = 0; i < FEWEST_TOLD; i++) await store.putGrant(request(i, { site, now: START + i * HOUR }));
      for (let i = 1; i < FEWEST_TOLD; i++) await store.putGrant(request(10 + i, { site, language: 'ti' }));
      const month = startOfMonth(START);
      const counts = [{ month, language: 'de', count: FEWEST_TOLD }];
      expect(await store.acceptancesByLanguage(site, WHOLE_TIME)).toEqual(counts);
      expect(await store.acceptancesByLanguage(site, { from: START + HOUR, to: START + DAY })).toEqual(counts);
      expect(await store.acceptancesByLanguage(site, { from: 0, to: month })).toEqual([]);
      expect(
        await store.acceptancesByLanguage(site, { from: startOfMonth(month + 40 * DAY), to: START + 90 * DAY }),
      ).toEqual([]);
      await store.putGrant(request(20, { site, language: 'ti' }));
      expect((await store.acceptancesByLanguage(site, WHOLE_TIME)).map(({ language }) => language)).toEqual([
        'de',
        'ti',
      ]);
    });

    test('many devices that accept at the same time at a new site all get their grant', async () => {
      const granted = await Promise.all(Array.from({ length: 100 }, (_, i) => store.putGrant(request(i, { site }))));
      expect(new Set(granted.map(({ grant }) => grant.id)).size).toBe(100);
      const found = await Promise.all(granted.map((_, i) => store.findGrant(site, device(i), START)));
      expect(found).toEqual(granted.map(({ grant }) => grant));
    });
  });

  describe('credentials', () => {
    async function issue() {
      const { grant, credential } = await store.putGrant(request(1, { site, withCredential: true }));
      if (credential === undefined) throw new Error('no credential');
      return {
        grant,
        credential,
        take: { username: credential.username, gateway: 'gw-1', device: device(1), now: START },
      };
    }

    test('a credential lives for two minutes and its password can be derived again', async () => {
      const { credential } = await issue();
      expect(credential.expiresAt).toBe(START + CREDENTIAL_LIFETIME_MS);
      expect(credential.password).toHaveLength(16);
      expect(store.credentialPassword(credential.username)).toBe(credential.password);
      expect(store.credentialPassword('somebody-else')).not.toBe(credential.password);
    });

    test('who accepts again gets another credential in place of the one that was not redeemed', async () => {
      const first = await issue();
      const second = await issue();
      expect(await store.takeCredential(first.take)).toEqual({ ok: false, reason: 'credential-unknown' });
      expect(await store.takeCredential(second.take)).toMatchObject({ ok: true });
      await issue();
      expect(await store.takeCredential(second.take)).toEqual({ ok: false, reason: 'credential-used' });
    });

    test('whether a credential was redeemed can be asked as long as it lives', async () => {
      const { take, credential } = await issue();
      expect(await store.isRedeemed(take.username, START)).toBe(false);
      await store.takeCredential({ ...take, device: device(2) });
      expect(await store.isRedeemed(take.username, START)).toBe(false);
      await store.takeCredential(take);
      expect(await store.isRedeemed(take.username, START)).toBe(true);
      expect(await store.isRedeemed(take.username, credential.expiresAt)).toBe(false);
      expect(await store.isRedeemed('somebody-else', START)).toBe(false);
    });

    test('however many redeem it at the same time, exactly one gets the grant', async () => {
      const { grant, take } = await issue();
      const answers = await Promise.all(Array.from({ length: 50 }, () => store.takeCredential(take)));
      expect(answers.filter(({ ok }) => ok)).toEqual([{ ok: true, grant }]);
      expect(answers.filter(({ ok }) => !ok)).toEqual(Array(49).fill({ ok: false, reason: 'credential-used' }));
    });

    test('who asks again by the same request gets the same answer, as long as the grant lives; others do not', async () => {
      const { grant, take } = await issue();
      const request = Buffer.from('request of one');
      const both = await Promise.all([0, 1, 2].map(() => store.takeCredential({ ...take, request })));
      expect(both).toEqual([0, 1, 2].map(() => ({ ok: true, grant })));
      const used = { ok: false, reason: 'credential-used' };
      expect(await store.takeCredential({ ...take, request: Buffer.from('another') })).toEqual(used);
      expect(await store.takeCredential(take)).toEqual(used);
      const elsewhere = { ...take, request, gateway: 'gw-2' };
      expect(await store.takeCredential(elsewhere)).toMatchObject({ ok: false, reason: 'credential-other-gateway' });
      await store.endGrant(grant.id, START);
      expect(await store.takeCredential({ ...take, request })).toEqual({ ok: false, reason: 'grant-expired' });
    });

    test('of different requests at the same time one gets the grant', async () => {
      const { take } = await issue();
      const requests = Array.from({ length: 40 }, (_, i) => Buffer.of(i % 4));
      const answers = await Promise.all(requests.map((request) => store.takeCredential({ ...take, request })));
      const served = new Set(requests.filter((_, i) => answers[i]?.ok).map(([who]) => who));
      expect([served.size, answers.filter(({ ok }) => ok).length]).toEqual([1, 10]);
    });

    test.each([
      ['credential-unknown', { username: 'never-issued' }],
      ['credential-unknown', { now: START + CREDENTIAL_LIFETIME_MS }],
      ['credential-other-gateway', { gateway: 'gw-2' }],
      ['credential-other-device', { device: device(2) }],
    ])('%s is the reason for %o, and the credential stays good', async (reason, changes) => {
      const { take } = await issue();
      expect(await store.takeCredential({ ...take, ...changes })).toEqual({ ok: false, reason });
      expect(await store.takeCredential(take)).toMatchObject({ ok: true });
    });

    test('the credential of a grant that ended is worth nothing', async () => {
      const { grant, take } = await issue();
      await store.endGrant(grant.id, START);
      expect(await store.takeCredential(take)).toEqual({ ok: false, reason: 'grant-expired' });
    });
  });
}
