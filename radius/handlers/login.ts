import { DeviceAddress } from '../../core/mac';
import type { RejectReason } from '../../core/reasons';
import type { Nas } from '../nas';
import type { AccessRequest } from '../wire/access';

/** Who asks to go online: a device with a credential that the portal issued, or a device by its address alone. */
export interface Login {
  readonly device: DeviceAddress;
  /** Of the credential; undefined if the device logs in by its address. */
  readonly username?: string;
}

/**
 * Which way of logging in a request is. Passwords are checked here, before the store is asked: who guesses can neither
 * use a credential up nor cause work. A login by address proves nothing but the address, and all it can give is what
 * the device was granted already.
 * @param passwordOf  the password of a credential
 */
export function recogniseLogin(
  asked: AccessRequest,
  nas: Nas,
  passwordOf: (username: string) => string,
): Login | { readonly refused: RejectReason } {
  const { username, proves } = asked;
  if (asked.eap !== undefined) return { refused: 'eap-not-offered' };
  if (proves === undefined) return { refused: 'password-missing' };
  if (username === undefined) return { refused: 'credential-unknown' };
  const device = DeviceAddress.parse(asked.device ?? '');
  if (device !== undefined) {
    const address = addressIn(username, device);
    if (address !== undefined) return byAddress(nas, device, [username, address, ''], proves);
  }
  if (DeviceAddress.parse(username) !== undefined) {
    return { refused: device === undefined ? 'device-missing' : 'device-mismatch' };
  }
  if (!proves(passwordOf(username))) return { refused: 'password-wrong' };
  return device === undefined ? { refused: 'device-missing' } : { device, username };
}

/** The lengths that an address is written in, the longest first. */
const LENGTHS = [17, 14, 13, 12];

/** The device's own address at the beginning of a user name; uspot's `mac_suffix` may follow it. */
function addressIn(username: string, device: DeviceAddress): string | undefined {
  for (const length of LENGTHS) {
    const text = username.slice(0, length);
    if (DeviceAddress.parse(text)?.equals(device)) return text;
  }
  return undefined;
}

/**
 * The password is the user name (hostapd, CoovaChilli), the address without suffix (uspot) or empty (MikroTik); or the
 * configured one.
 */
function byAddress(
  nas: Nas,
  device: DeviceAddress,
  usual: readonly string[],
  proves: (password: string) => boolean,
): Login | { readonly refused: RejectReason } {
  if (!nas.macAuthentication) return { refused: 'mac-authentication-off' };
  const passwords = nas.macPassword === undefined ? usual : [nas.macPassword];
  return passwords.some(proves) ? { device } : { refused: 'password-wrong' };
}
