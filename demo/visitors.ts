import type { UamGateway } from '../config/schema';
import { MINUTE, SECOND } from '../core/time';
import type { Cancel, Clock } from '../runtime/clock';
import type { Log } from '../runtime/log';
import type { Random } from '../runtime/random';
import { DEVICE_HEADER } from './gateway';

const ARRIVAL_EVERY = 6 * SECOND;
const MOST_VISITORS = 24;
const SHORTEST_STAY = 1 * MINUTE;
const LONGEST_STAY = 6 * MINUTE;

/** How a visitor's way through the portal ended. */
export type Walk = { readonly online: true; readonly logoff: string } | { readonly online: false; readonly at: string };

/**
 * Walks a visitor's whole way as a browser without script would: some page, the redirect, the terms, the button, the
 * gateway's login.
 * @param gatewayUrl  where the gateway answers the device
 * @param device  the device address to play, as `02:..`
 */
export async function walkIn(gatewayUrl: string, device: string): Promise<Walk> {
  const headers = { [DEVICE_HEADER]: device, 'Accept-Language': 'de' };
  const get = (url: string): Promise<Response> => fetch(url, { headers, redirect: 'manual' });

  const redirect = await get(`${gatewayUrl}/`);
  const portalPage = redirect.headers.get('location');
  if (portalPage === null) return { online: false, at: 'gateway did not redirect' };

  const page = await (await get(portalPage)).text();
  const visit = /name="visit" value="([^"]+)"/.exec(page)?.[1];
  if (visit === undefined) return { online: false, at: 'portal showed no terms' };

  const accepted = await fetch(new URL('/accept', portalPage), {
    method: 'POST',
    body: new URLSearchParams({ visit }),
    redirect: 'manual',
  });
  const logon = accepted.headers.get('location');
  if (logon === null) return { online: false, at: `portal answered ${accepted.status} to the acceptance` };

  const loggedIn = await get(logon);
  const result = new URL(loggedIn.headers.get('location') ?? '', portalPage).searchParams.get('res');
  return result === 'success'
    ? { online: true, logoff: `${gatewayUrl}/logoff` }
    : { online: false, at: `gateway said ${result ?? loggedIn.status}` };
}

/** Keeps a town's gateways busy: somebody arrives every few seconds, stays a while and leaves. */
export class DemoVisitors {
  readonly #gateways: readonly UamGateway[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #leaving = new Set<Cancel>();
  #arrivals: Cancel = () => {};

  constructor(gateways: readonly UamGateway[], clock: Clock, random: Random, log: Log) {
    this.#gateways = gateways;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
  }

  start(): void {
    for (const gateway of this.#gateways) void this.#arrive(gateway);
    this.#arrivals = this.#clock.every(ARRIVAL_EVERY, () => {
      const gateway = this.#gateways[Math.floor(this.#random.fraction() * this.#gateways.length)];
      if (gateway !== undefined && this.#leaving.size < MOST_VISITORS) void this.#arrive(gateway);
    });
  }

  stop(): void {
    this.#arrivals();
    for (const cancel of this.#leaving) cancel();
  }

  async #arrive(gateway: UamGateway): Promise<void> {
    const device = randomDevice(this.#random);
    try {
      const walk = await walkIn(`http://${gateway.uam.address}:${gateway.uam.port}`, device);
      if (walk.online) this.#stay(walk.logoff, device);
      else this.#log.warn('demo-visitor-refused', { nas: gateway.id, message: walk.at });
    } catch (error) {
      this.#log.warn('demo-visitor-failed', { nas: gateway.id, err: error });
    }
  }

  #stay(logoff: string, device: string): void {
    const stay = SHORTEST_STAY + this.#random.fraction() * (LONGEST_STAY - SHORTEST_STAY);
    const cancel = this.#clock.after(stay, () => {
      this.#leaving.delete(cancel);
      fetch(logoff, { headers: { [DEVICE_HEADER]: device }, redirect: 'manual' }).catch((error: unknown) =>
        this.#log.warn('demo-visitor-failed', { err: error }),
      );
    });
    this.#leaving.add(cancel);
  }
}

/** A random, locally administered device address, as phones make them up. */
export function randomDevice(random: Random): string {
  return ['02', ...[...random.bytes(5)].map((octet) => octet.toString(16).padStart(2, '0'))].join(':');
}
