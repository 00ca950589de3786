import { lookup } from 'node:dns/promises';
import { isIP, SocketAddress } from 'node:net';
import { MINUTE, type Millis } from '../../core/time';
import type { Clock } from '../../runtime/clock';

export interface HostAddress {
  /** As a received datagram shows it, so that the two can be compared. */
  readonly address: string;
  readonly family: 4 | 6;
}

const KEEP_MS = 5 * MINUTE;

/** Turns the hosts of the configuration into addresses. A name is asked for anew after five minutes. */
export class Resolver {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly found: HostAddress; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined if the name has no address. While the name service is away, the last address it gave is used. */
  async resolve(host: string): Promise<HostAddress | undefined> {
    const now: Millis = this.#clock.monotonic();
    const known = this.#known.get(host);
    if (known !== undefined && now < known.until) return known.found;
    const found = await addressOf(host);
    if (found === undefined) return known?.found;
    this.#known.set(host, { found, until: isIP(host) === 0 ? now + KEEP_MS : Number.POSITIVE_INFINITY });
    return found;
  }
}

async function addressOf(host: string): Promise<HostAddress | undefined> {
  try {
    const { address, family } = await lookup(host);
    return family === 6 ? { address: canonical6(address), family } : { address, family: 4 };
  } catch {
    return undefined;
  }
}

/** `FE80:0::1%eth0` as the system prints it: `fe80::1%eth0`. */
function canonical6(text: string): string {
  const [address = text, zone] = text.split('%');
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  return zone === undefined ? canonical : `${canonical}%${zone}`;
}
