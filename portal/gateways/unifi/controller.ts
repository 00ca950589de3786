import type { UnifiGateway } from '../../../config/schema';
import type { Acceptance } from '../../../core/decide';
import type { DeviceAddress } from '../../../core/mac';
import { CONTROLLER_FAILED, type ControllerFailedReason } from '../../../core/reasons';
import { accountApi } from './account-api';
import { keyApi } from './key-api';
import { askAt } from './request';

/** A device as the controller sees it now. */
export interface Guest {
  /** How the controller's API calls it. */
  readonly handle: string;
  /** Whether it is in a network with guest access: elsewhere there is nothing to let it into. */
  readonly isGuest: boolean;
  readonly isAuthorised: boolean;
  /** The access point that it is at, twelve hexadecimal digits, if the API says. */
  readonly accessPoint?: string;
}

/** What the portal wants of a UniFi controller. All of it rejects with ControllerFailed, and ends with the signal. */
export interface Controller {
  /** The device, if it is connected to the site just now. */
  find(device: DeviceAddress, signal: AbortSignal): Promise<Guest | undefined>;
  /** Every device that is connected to the site just now. */
  connected(signal: AbortSignal): Promise<readonly DeviceAddress[]>;
  authorise(guest: Guest, limits: Acceptance, signal: AbortSignal): Promise<void>;
  unauthorise(guest: Guest, signal: AbortSignal): Promise<void>;
}

export class ControllerFailed extends Error {
  readonly reason: ControllerFailedReason;

  constructor(reason: ControllerFailedReason, options?: ErrorOptions) {
    super(CONTROLLER_FAILED[reason], options);
    this.reason = reason;
  }
}

/** @throws OperatorError AUTHORITY_UNREADABLE */
export function controllerOf({
  url,
  authority,
  site,
  unifiOs,
  apiKey,
  account,
}: UnifiGateway['controller']): Controller {
  const ask = askAt(url, authority);
  const prefix = unifiOs ? '/proxy/network' : '';
  if (apiKey !== undefined) return keyApi(ask, { prefix, site, key: apiKey });
  if (account === undefined)
    throw new Error('A controller needs apiKey or account; config/schema demands one of them.');
  return accountApi(ask, { prefix, site, account, loginPath: unifiOs ? '/api/auth/login' : '/api/login' });
}

/** `aa:bb:cc:dd:ee:ff`, as both APIs write addresses. */
export function written(device: DeviceAddress): string {
  return [...device.reveal()].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}

const MINUTE_SECONDS = 60;
const MEGABYTE = 1_000_000;
const KILOBIT = 1_000;

/**
 * Limits in the controller's units. The time is rounded down, for a visitor must not stay longer than the grant; less
 * than one of anything cannot be said.
 */
export function inUnits(limits: Acceptance) {
  const { sessionTimeoutSeconds, remainingOctets, upBitsPerSecond, downBitsPerSecond } = limits;
  const whole = (value: number, unit: number): number => Math.max(1, Math.floor(value / unit));
  return {
    minutes: whole(sessionTimeoutSeconds, MINUTE_SECONDS),
    ...(remainingOctets !== undefined && { megabytes: whole(remainingOctets, MEGABYTE) }),
    ...(upBitsPerSecond !== undefined && { upKilobits: whole(upBitsPerSecond, KILOBIT) }),
    ...(downBitsPerSecond !== undefined && { downKilobits: whole(downBitsPerSecond, KILOBIT) }),
  };
}
