import { DeviceAddress } from '../../core/mac';
import type { AccountingEvent } from '../../core/session';
import { DAY, HOUR, type Millis, SECOND } from '../../core/time';
import { systemRandom } from '../../runtime/random';
import type { StoreContext } from '../../store/context';
import type { GrantRequest, Store } from '../../store/store';

/** Friday, 20 November 2026, 22:30 in Berlin: a few hours before the key of the day changes. */
export const START: Millis = Date.UTC(2026, 10, 20, 21, 30);
export const TIME_ZONE = 'Europe/Berlin';
export const WHOLE_TIME = { from: 0, to: START + 365 * DAY };

export function device(number: number): DeviceAddress {
  const address = DeviceAddress.parse(`02:11:22:33:44:${number.toString(16).padStart(2, '0')}`);
  if (address === undefined) throw new Error('not a device address');
  return address;
}

export interface OpenOptions extends StoreContext {
  /** The same place is the same store again; a new place is an empty one. */
  readonly place: string;
}

export const TOWN_KEY = 'contract-key-contract-key-contract-key';
export const CONTEXT: StoreContext = {
  townKey: TOWN_KEY,
  timeZone: TIME_ZONE,
  random: systemRandom,
};

/** The request of a visitor with an hour's session; `number` is the device. */
export function request(number: number, changes: Partial<GrantRequest> = {}): GrantRequest {
  const now = changes.now ?? START;
  return {
    site: 'rathaus',
    gateway: 'gw-1',
    device: device(number),
    termsVersion: '2026-11',
    language: 'de',
    now,
    expiresAt: now + HOUR,
    withCredential: false,
    ...changes,
  };
}

export function event(kind: AccountingEvent['kind'], afterSeconds: number, changes: Partial<AccountingEvent> = {}) {
  const at = START + afterSeconds * SECOND;
  return { kind, gateway: 'gw-1', site: 'rathaus', sessionId: 's-1', eventAt: at, receivedAt: at, ...changes };
}

/** A store that is open, and a site of its own for the present test. */
export type Subject = () => { readonly store: Store; readonly site: string };
