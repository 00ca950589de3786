import { z } from 'zod';
import type { Acceptance } from '../../../core/decide';
import type { GatewayId } from '../../../core/ids';
import { type Millis, SECOND } from '../../../core/time';
import type { WaitingStore } from '../../../store/store';

/** authmon reads no more at a time. */
const MOST_ENTRIES = 4;
const MOST_CHARACTERS = 1_024;

/** authmon sends `clear` 5 s after openNDS has started: who accepted in these seconds is known to it. */
const STARTED_WITHIN = 10 * SECOND;

const KILOBIT = 1_000;
const KILOBYTE = 1_024;

/** What authmon sends, as form (level 3) or query (level 4). */
export const question = z.object({
  auth_get: z.enum(['clear', 'view', 'ack', 'list', 'deauthed', 'custom']),
  gatewayhash: z.string().regex(/^[0-9a-f]{64}$/),
  payload: z
    .string()
    .max(8_192)
    .transform((text) => Buffer.from(text.replaceAll(' ', '+'), 'base64').toString('latin1')),
});
export type Question = z.output<typeof question>;

/**
 * What `ndsctl auth` is to be told about a visitor. authmon hands it to a shell, so it holds hexadecimal digits, numbers
 * and base64 only. 0 leaves a limit to the gateway's own configuration. Minutes are rounded down, but never to 0.
 * @param rhid  SHA-256 of hid and faskey
 * @param custom  base64
 */
export function admissionLine(rhid: string, limits: Acceptance, custom: string): string {
  const atLeastOne = (amount: number | undefined, unit: number): number =>
    amount === undefined ? 0 : Math.max(1, Math.floor(amount / unit));
  const octets = atLeastOne(limits.remainingOctets, KILOBYTE);
  const numbers = [
    atLeastOne(limits.sessionTimeoutSeconds, 60),
    atLeastOne(limits.upBitsPerSecond, KILOBIT),
    atLeastOne(limits.downBitsPerSecond, KILOBIT),
    octets,
    octets,
  ];
  return [rhid, ...numbers, custom].join(' ');
}

/**
 * Answers authmon's question. Whom it is told of stays waiting until it says that they are in; what it says about ended
 * sessions proves nothing, as everybody who was redirected once can say it: it is acknowledged and not believed.
 */
export async function answerAuthmon(
  store: WaitingStore,
  gateway: GatewayId,
  { auth_get: what, payload }: Question,
  now: Millis,
): Promise<string> {
  switch (what) {
    case 'clear':
      await store.forgetWaiting(gateway, now - STARTED_WITHIN);
      return '';
    case 'list':
      return listOf(store, gateway, now, true);
    case 'view':
    case 'ack':
      if (payload.trim() === 'none') return listOf(store, gateway, now, false);
      await store.settleWaiting(gateway, payload.match(/\b[0-9a-f]{64}\b/g) ?? []);
      return 'ack';
    case 'deauthed':
    case 'custom':
      return 'ack';
  }
}

/** `*`, then an entry each. */
async function listOf(store: WaitingStore, gateway: GatewayId, now: Millis, andForget: boolean): Promise<string> {
  const waiting = await store.takeWaiting(gateway, MOST_ENTRIES, now);
  if (andForget) {
    await store.settleWaiting(
      gateway,
      waiting.map(({ id }) => id),
    );
  }
  return waiting.reduce((list, { line }) => {
    const longer = `${list} ${encodeURIComponent(line)}`;
    return longer.length <= MOST_CHARACTERS ? longer : list;
  }, '*');
}
