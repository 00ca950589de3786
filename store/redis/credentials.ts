import { CREDENTIAL_LIFETIME_MS, type Credential, isLive } from '../../core/grant';
import { MINUTE, type Millis } from '../../core/time';
import { type CredentialKey, credentialHash } from '../credentials';
import { pseudonym } from '../pseudonyms';
import type { GrantStore } from '../store';
import { Change } from './change';
import { CHANGED, type Client, type Engine } from './engine';
import { grantsAt, placeOf, toGrant } from './kept-grant';
import type { Keyring } from './keyring';
import type { Keys } from './keys';
import { type CredentialRecord, decode, decodeIf, encode } from './records';

/** Whether it has expired is told by the time that an operation is given; by then Redis cleans up. */
const CLEAN_UP_AFTER_MS = CREDENTIAL_LIFETIME_MS + 10 * MINUTE;

export function credentialOf(key: CredentialKey, username: string, now: Millis): Credential {
  return { username, password: key.password(username), expiresAt: now + CREDENTIAL_LIFETIME_MS };
}

/** Keeps a credential under the hash of its user name. */
export async function issue(
  engine: Engine,
  hash: string,
  of: Omit<CredentialRecord, 'expiresAt'>,
  now: Millis,
): Promise<void> {
  const key = engine.keys.credential(hash);
  const record: CredentialRecord = { ...of, expiresAt: now + CREDENTIAL_LIFETIME_MS };
  await engine.commit(
    new Change().write('HSET', key, 'issued', encode(record)).write('PEXPIRE', key, CLEAN_UP_AFTER_MS),
  );
}

/** Who taps again gets another credential; the one before serves nobody any more, unless it was redeemed. */
export async function takeBack(engine: Engine, hash: string): Promise<void> {
  const key = engine.keys.credential(hash);
  await engine.commit(new Change().expect(key, 'used', null).write('DEL', key));
}

/** The credential of a user name, if it was redeemed and still lives. */
export async function redeemed(
  redis: Client,
  keys: Keys,
  username: string,
  now: Millis,
): Promise<CredentialRecord | undefined> {
  const key = keys.credential(credentialHash(username).toString('base64url'));
  const [lying = null, used] = await redis.hmget(key, 'issued', 'used');
  const issued = decodeIf<CredentialRecord>(lying);
  return used !== null && issued !== undefined && now < issued.expiresAt ? issued : undefined;
}

/** Of all who ask at the same time, the one whose change comes first gets the grant. */
export function takeCredential(
  engine: Engine,
  redis: Client,
  { keyring, credentialKey }: { readonly keyring: Keyring; readonly credentialKey: CredentialKey },
  { username, gateway, device, now, request }: Parameters<GrantStore['takeCredential']>[0],
): ReturnType<GrantStore['takeCredential']> {
  const { keys } = engine;
  const key = keys.credential(credentialHash(username).toString('base64url'));
  const refused = (reason: Extract<Awaited<ReturnType<GrantStore['takeCredential']>>, { ok: false }>['reason']) => {
    return { ok: false, reason } as const;
  };
  const by = request && credentialKey.mark(request);
  return engine.decide(async () => {
    const [lying = null, used, usedBy] = await redis.hmget(key, 'issued', 'used', 'usedBy');
    if (lying === null) return refused('credential-unknown');
    const issued = decode<CredentialRecord>(lying);
    if (issued.expiresAt <= now) return refused('credential-unknown');
    const isRepeated = by !== undefined && by === usedBy;
    if (used !== null && !isRepeated) return refused('credential-used');
    if (issued.gateway !== gateway) return refused('credential-other-gateway');
    const place = await placeOf(redis, keys, issued.grantId);
    if (place === undefined) return refused('grant-expired');
    const [[kept], marks] = await Promise.all([
      grantsAt(redis, keys, place.site, [place.device]),
      keyring.under(redis, place.site, async (held) =>
        held.map((one) => ({ ...one, mark: pseudonym(one.key, device) })),
      ),
    ]);
    if (kept?.record.id !== issued.grantId || !isLive(toGrant(kept), now)) return refused('grant-expired');
    const mark = marks.find(({ day }) => day === kept.record.day)?.mark;
    if (mark?.equals(kept.device) !== true) return refused('credential-other-device');
    if (isRepeated) return { ok: true, grant: toGrant(kept) };
    const change = new Change().expect(key, 'issued', lying).expect(key, 'used', null).write('HSET', key, 'used', 1);
    if (by !== undefined) change.write('HSET', key, 'usedBy', by);
    return (await engine.commit(change)) ? { ok: true, grant: toGrant(kept) } : CHANGED;
  });
}
