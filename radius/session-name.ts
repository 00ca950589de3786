import { createHmac } from 'node:crypto';
import { DeviceAddress } from '../core/mac';
import { deriveKey } from '../runtime/derive-key';

/**
 * Under which name a session is kept.
 * @param sessionId  Acct-Session-Id
 * @param device  what the gateway says the device is (Calling-Station-Id), if it does
 */
export type SessionName = (sessionId: string, device: string | undefined) => string;

/** No shorter text can hold a device address. */
const ADDRESS_DIGITS = 12;

/**
 * A session is named as its gateway names it. Some makers build that name from the device's address, which must not be
 * kept: then a keyed hash stands for it. It still tells the session's packets from others, but an order to end the
 * session cannot name it to the gateway any more.
 * @param townKey  the configuration's `key`
 */
export function sessionName(townKey: string): SessionName {
  const key = deriveKey(townKey, 'session-names');
  return (sessionId, device) => {
    if (device === undefined || sessionId.length < ADDRESS_DIGITS) return sessionId;
    const isNamedAfterDevice = DeviceAddress.parse(device)?.isWrittenIn(sessionId) ?? false;
    return isNamedAfterDevice ? createHmac('sha256', key).update(sessionId).digest('base64url') : sessionId;
  };
}
