import { z } from 'zod';
import type { UnifiGateway } from '../../config/schema';
import type { Grant } from '../../core/grant';
import type { GrantId } from '../../core/ids';
import { DeviceAddress } from '../../core/mac';
import type { OrderResult } from '../../core/reasons';
import { pause } from '../../runtime/clock';
import type { FindAccessPoint } from './access-points';
import {
  ADMIT_WITHIN_MS,
  type Admission,
  type GatewayAdapter,
  GatewayAway,
  type GatewayServices,
  type Recognised,
  type Redirect,
  type Visit,
  webAddress,
} from './gateway';
import { type Controller, ControllerFailed, controllerOf, type Guest } from './unifi/controller';

const LOOK_EVERY_MS = 250;
/** For a list of all devices of a site; nobody waits for it. */
const RECALL_WITHIN_MS = 20_000;

const parameters = z.object({
  id: z.string().max(17),
  ap: z.string().max(17),
  t: z
    .string()
    .regex(/^\d{1,16}$/)
    .optional(),
  ssid: z.string().max(100).optional(),
});

/**
 * UniFi with an external portal. The redirect names the device and nothing proves it, so only a device that the
 * controller itself sees as a guest of this site, now, is let in; and the visitor is told so when the controller says so.
 * @throws OperatorError AUTHORITY_UNREADABLE
 */
export function unifiAdapter(gateway: UnifiGateway, find: FindAccessPoint, services: GatewayServices): GatewayAdapter {
  const desk = new FrontDesk(gateway, controllerOf(gateway.controller), services);
  return {
    id: gateway.id,
    site: gateway.site,
    family: 'unifi',
    needsCredential: false,
    vouches: false,
    confirms: true,
    recognise: (redirect) => recognise(gateway, find, redirect),
    admit: (admission) => desk.admit(admission),
    end: (grant) => desk.end(grant),
    recall: (grantOf) => desk.recall(grantOf),
  };
}

function recognise(gateway: UnifiGateway, find: FindAccessPoint, { query }: Redirect): Recognised {
  if (!query.has('id') || !query.has('ap')) return { ok: false, reason: 'parameters-missing' };
  const parsed = parameters.safeParse(Object.fromEntries(query));
  if (!parsed.success) return { ok: false, reason: 'parameters-invalid' };
  const device = DeviceAddress.parse(parsed.data.id);
  if (device === undefined || DeviceAddress.parse(parsed.data.ap) === undefined) {
    return { ok: false, reason: 'parameters-invalid' };
  }
  const radio = parsed.data.ap.replaceAll(/[^0-9a-f]/gi, '').toLowerCase();
  if (!isOurs(gateway, radio)) return { ok: false, reason: 'access-point-unknown' };
  const originalUrl = webAddress(query.get('url'));
  const accessPoint = find(radio);
  const visit: Visit = {
    gateway: gateway.id,
    site: gateway.site,
    device,
    ticket: '',
    ...(originalUrl !== undefined && { originalUrl }),
    ...(accessPoint !== undefined && { accessPoint }),
  };
  return { ok: true, stage: 'captive', visit };
}

function isOurs({ accessPoints }: UnifiGateway, accessPoint: string): boolean {
  return accessPoints.length === 0 || accessPoints.includes(accessPoint);
}

/** Lets visitors in and out at the controller. */
class FrontDesk {
  readonly #gateway: UnifiGateway;
  readonly #controller: Controller;
  readonly #services: GatewayServices;
  /** Said once when it begins and once when it ends, however many visitors it concerns. */
  #isAway = false;

  constructor(gateway: UnifiGateway, controller: Controller, services: GatewayServices) {
    this.#gateway = gateway;
    this.#controller = controller;
    this.#services = services;
  }

  async admit({ visit, granted, limits, returnTo, source }: Admission): Promise<string> {
    const { guests, guestPace, clock } = this.#services;
    const { id: gateway } = this.#gateway;
    if (!guestPace.allows(source ?? '', clock.monotonic())) throw new GatewayAway('Too many visitors of one source.');
    const { id: grant, expiresAt: until } = granted.grant;
    await this.#inTime(async (signal) => {
      const guest = await this.#until(signal, 'not seen', () => this.#guestHere(visit.device, signal));
      guests.remember(grant, { gateway, device: visit.device, until });
      await this.#controller.authorise(guest, limits, signal);
      await this.#until(signal, 'not let in', async () => {
        const now = await this.#controller.find(visit.device, signal);
        return now?.isAuthorised ? now : undefined;
      });
    });
    return returnTo;
  }

  async end(grant: GrantId): Promise<OrderResult> {
    const { guests, clock } = this.#services;
    const known = guests.find(grant, clock.now());
    if (known === undefined) return 'session-unknown';
    try {
      await this.#inTime(async (signal) => {
        const guest = await this.#controller.find(known.device, signal);
        if (guest?.isAuthorised) await this.#controller.unauthorise(guest, signal);
      });
    } catch (error) {
      if (error instanceof GatewayAway) return 'no-answer';
      throw error;
    }
    guests.forget(grant);
    return 'done';
  }

  async recall(grantOf: (device: DeviceAddress) => Promise<Grant | undefined>): Promise<void> {
    const { id: gateway } = this.#gateway;
    const devices = await this.#inTime((signal) => this.#controller.connected(signal), RECALL_WITHIN_MS);
    for (const device of devices) {
      const grant = await grantOf(device);
      if (grant?.gateway !== gateway) continue;
      this.#services.guests.remember(grant.id, { gateway, device, until: grant.expiresAt });
    }
  }

  /** A forged redirect may name any device: only one that is here, at an access point of ours, as a guest, counts. */
  async #guestHere(device: DeviceAddress, signal: AbortSignal): Promise<Guest | undefined> {
    const guest = await this.#controller.find(device, signal);
    if (guest === undefined || !guest.isGuest) return undefined;
    return guest.accessPoint === undefined || isOurs(this.#gateway, guest.accessPoint) ? guest : undefined;
  }

  /**
   * Looks until there is something to see: the controller hears of a device a moment after it came. That there is nothing
   * in the end is no failure of the controller, and a device that is not there may be somebody's invention.
   */
  async #until<T>(signal: AbortSignal, what: string, look: () => Promise<T | undefined>): Promise<T> {
    let answered = false;
    for (;;) {
      const seen = await look().catch((error: unknown) => {
        throw answered && signal.aborted ? new GatewayAway(`The device is ${what} in time.`) : error;
      });
      if (seen !== undefined) return seen;
      answered = true;
      await pause(this.#services.clock, LOOK_EVERY_MS);
      if (signal.aborted) throw new GatewayAway(`The device is ${what} in time.`);
    }
  }

  /** Everything together within a time: that which a visitor waits, unless another is given. */
  async #inTime<T>(work: (signal: AbortSignal) => Promise<T>, within = ADMIT_WITHIN_MS): Promise<T> {
    const { clock, log } = this.#services;
    const { id: nas, site } = this.#gateway;
    const deadline = new AbortController();
    const cancel = clock.after(within, () => deadline.abort());
    try {
      const done = await work(deadline.signal);
      if (this.#isAway) log.info('controller-back', { nas, site });
      this.#isAway = false;
      return done;
    } catch (error) {
      if (!(error instanceof ControllerFailed)) throw error;
      if (!this.#isAway) log.warn('controller-away', { nas, site, reason: error.reason });
      this.#isAway = true;
      throw new GatewayAway(error.message, { cause: error });
    } finally {
      cancel();
    }
  }
}
