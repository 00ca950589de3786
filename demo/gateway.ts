import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { UamGateway } from '../config/schema';
import { SECOND } from '../core/time';
import type { Cancel, Clock } from '../runtime/clock';
import { closeHttp, listenHttp } from '../runtime/listen';
import type { Log } from '../runtime/log';
import type { Random } from '../runtime/random';
import type { Role } from '../runtime/role';
import { OrderReceiver } from './order-receiver';
import { onlinePage } from './pages';
import { type AccountingKind, type Login, RadiusClient, type SessionReport } from './radius-client';

/** With this header a simulated visitor says which device it plays. A browser, which does not send it, is one device. */
export const DEVICE_HEADER = 'demo-device';

/** How often this gateway reports running sessions: often, so that somebody watching the demo sees them grow. */
const INTERIM_EVERY = 10 * SECOND;
const NORMAL_SPEED = 250_000;
const MOST_DEVICES = 1_000;

/** A device as the gateway knows it: waiting in front of the portal, or online. */
interface Device {
  readonly mac: string;
  challenge: Buffer;
  sessionId: string;
  session?: OnlineSession;
}

interface OnlineSession {
  readonly login: Login;
  readonly username: string;
  /** Readings of the monotonic clock. */
  readonly startedAt: number;
  readonly endsAt: number;
  lastTraffic: number;
  downloadOctets: number;
  uploadOctets: number;
}

export interface GatewayOptions {
  readonly gateway: UamGateway;
  /** `http://127.0.0.1:8080`: where the gateway sends visitors. */
  readonly portalUrl: string;
  readonly radius: { readonly host: string; readonly authenticationPort: number; readonly accountingPort: number };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * A gateway of kind UAM as uspot and CoovaChilli are: a device that asks for any page is redirected to the portal; the
 * portal sends the browser back to /logon; the gateway asks RADIUS by CHAP, lets the device through and accounts.
 * The internet behind it is one friendly page.
 */
export class SimulatedGateway implements Role {
  readonly name: string;
  readonly #gateway: UamGateway;
  readonly #portalUrl: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #radius: RadiusClient;
  readonly #orders: OrderReceiver;
  readonly #server: Server;
  readonly #devices = new Map<string, Device>();
  /** A browser has no header, so every browser is this device. */
  readonly #browser: string;
  #interims: Cancel = () => {};

  constructor({ gateway, portalUrl, radius, clock, random, log }: GatewayOptions) {
    this.name = `gateway ${gateway.id}`;
    this.#gateway = gateway;
    this.#portalUrl = portalUrl;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#radius = new RadiusClient(gateway, radius, clock, random);
    this.#orders = new OrderReceiver(gateway, (sessionId) => this.#endById(sessionId));
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => this.#fail(response, error));
    });
    this.#browser = `02:${[...random.bytes(5)].map((octet) => octet.toString(16).padStart(2, '0')).join(':')}`;
  }

  /** Where devices reach it. */
  get url(): string {
    return `http://${this.#gateway.uam.address}:${this.#gateway.uam.port}`;
  }

  async start(): Promise<void> {
    const { address, port } = this.#gateway.uam;
    await this.#radius.start();
    await listenHttp(
      this.#server,
      { host: address, port },
      'a simulated gateway',
      `gateways (${this.#gateway.id}) uam.port`,
    );
    // A gateway that hears no orders still serves; on a machine with one loopback address only one can.
    await this.#orders.start().catch((err: unknown) => {
      this.#log.warn('demo-orders-not-heard', { nas: this.#gateway.id, err });
    });
    await this.#account('on');
    this.#interims = this.#clock.every(INTERIM_EVERY, () => void this.#reportRunning());
  }

  async stop(): Promise<void> {
    this.#interims();
    await this.#orders.stop();
    await closeHttp(this.#server, 0);
    await this.#account('off');
    await this.#radius.stop();
  }

  notReady(): string | undefined {
    return undefined;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const device = this.#deviceOf(request);
    const [path, query] = (request.url ?? '/').split('?', 2);
    if (path === '/logon') redirect(response, await this.#logon(device, new URLSearchParams(query)));
    else if (path === '/logoff') redirect(response, await this.#logoff(device));
    else if (device.session === undefined)
      redirect(response, this.#portalPage(device, { res: 'notyet', userurl: 'http://example.test/' }));
    else page(response, onlinePage(this.#gateway.id, this.#secondsLeft(device.session), this.#portalUrl));
  }

  #fail(response: ServerResponse, err: unknown): void {
    this.#log.warn('demo-gateway-failed', { nas: this.#gateway.id, err });
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { 'Content-Type': 'text/plain' }).end('The simulated gateway got no answer.\n');
  }

  #deviceOf(request: IncomingMessage): Device {
    const header = request.headers[DEVICE_HEADER];
    const mac = typeof header === 'string' ? header : this.#browser;
    const known = this.#devices.get(mac);
    if (known !== undefined) return known;
    this.#forgetOldest();
    const device: Device = { mac, challenge: this.#random.bytes(16), sessionId: this.#newSessionId() };
    this.#devices.set(mac, device);
    return device;
  }

  /** Who waits longest in front of the portal makes room, as in a gateway's own table. */
  #forgetOldest(): void {
    if (this.#devices.size < MOST_DEVICES) return;
    const waiting = [...this.#devices.values()].find(({ session }) => session === undefined);
    if (waiting !== undefined) this.#devices.delete(waiting.mac);
  }

  async #logon(device: Device, query: URLSearchParams): Promise<string> {
    if (device.session !== undefined) return this.#portalPage(device, { res: 'already' });
    const username = query.get('username') ?? '';
    const response = Buffer.from(query.get('response') ?? '', 'hex');
    const login = await this.#radius.authenticate({
      username,
      chapResponse: response,
      chapChallenge: this.#chapKey(device.challenge),
      device: device.mac,
      sessionId: device.sessionId,
    });
    device.challenge = this.#random.bytes(16);
    if (login === undefined) return this.#portalPage(device, { res: 'failed', reason: 'reject' });

    const now = this.#clock.monotonic();
    device.session = {
      login,
      username,
      startedAt: now,
      endsAt: now + login.sessionTimeoutSeconds * SECOND,
      lastTraffic: now,
      downloadOctets: 0,
      uploadOctets: 0,
    };
    await this.#account('start', device);
    const userurl = query.get('userurl');
    return this.#portalPage(device, { res: 'success', ...(userurl !== null && { userurl }) });
  }

  async #logoff(device: Device): Promise<string> {
    await this.#end(device);
    return this.#portalPage(device, { res: 'logoff' });
  }

  async #end(device: Device): Promise<void> {
    if (device.session === undefined) return;
    this.#letTrafficFlow(device.session);
    await this.#account('stop', device);
    delete device.session;
    device.sessionId = this.#newSessionId();
    if (device.mac !== this.#browser) this.#devices.delete(device.mac);
  }

  async #endById(sessionId: string): Promise<boolean> {
    const device = [...this.#devices.values()].find((one) => one.session !== undefined && one.sessionId === sessionId);
    if (device === undefined) return false;
    await this.#end(device);
    return true;
  }

  async #reportRunning(): Promise<void> {
    for (const device of [...this.#devices.values()]) {
      if (device.session === undefined) continue;
      try {
        if (this.#secondsLeft(device.session) <= 0) await this.#end(device);
        else {
          this.#letTrafficFlow(device.session);
          await this.#account('interim', device);
        }
      } catch (error) {
        this.#log.warn('demo-gateway-failed', { nas: this.#gateway.id, err: error });
      }
    }
  }

  /** Somebody online reads, watches and sends pictures: some speed between nothing and twice the normal one. */
  #letTrafficFlow(session: OnlineSession): void {
    const now = this.#clock.monotonic();
    const octets = Math.round(((now - session.lastTraffic) / SECOND) * NORMAL_SPEED * 2 * this.#random.fraction());
    session.downloadOctets += octets;
    session.uploadOctets += Math.round(octets / 8);
    session.lastTraffic = now;
  }

  async #account(kind: AccountingKind, device?: Device): Promise<void> {
    const session = device?.session;
    const report: SessionReport | undefined = device &&
      session && {
        username: session.username,
        device: device.mac,
        sessionId: device.sessionId,
        seconds: Math.round((this.#clock.monotonic() - session.startedAt) / SECOND),
        downloadOctets: session.downloadOctets,
        uploadOctets: session.uploadOctets,
        ...(session.login.class !== undefined && { class: session.login.class }),
      };
    const answered = await this.#radius.account(kind, report);
    if (!answered) this.#log.warn('demo-accounting-unanswered', { nas: this.#gateway.id, message: kind });
  }

  #secondsLeft(session: OnlineSession): number {
    return Math.ceil((session.endsAt - this.#clock.monotonic()) / SECOND);
  }

  #newSessionId(): string {
    return this.#random.bytes(8).toString('hex');
  }

  /** The secret both sides hash with: the challenge, mixed with the UAM secret where there is one. */
  #chapKey(challenge: Buffer): Buffer {
    const secret = this.#gateway.uam.secret;
    return secret === undefined ? challenge : createHash('md5').update(challenge).update(secret.reveal()).digest();
  }

  /** The portal's address with what the gateway tells it, in the order and spelling of CoovaChilli. */
  #portalPage(device: Device, { res, ...more }: { res: string } & Record<string, string>): string {
    const { uam, id } = this.#gateway;
    const pairs = {
      res,
      uamip: uam.address,
      uamport: String(uam.port),
      challenge: device.challenge.toString('hex'),
      called: '02-00-00-00-00-01',
      mac: device.mac.replaceAll(':', '-').toUpperCase(),
      ip: '10.1.0.2',
      nasid: id,
      sessionid: device.sessionId,
      ...(device.session !== undefined && { timeleft: String(this.#secondsLeft(device.session)) }),
      ...more,
    };
    const query = Object.entries(pairs).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const url = `${this.#portalUrl}/uam/${id}?${query.join('&')}`;
    const secret = uam.secret;
    if (secret === undefined) return url;
    return `${url}&md=${createHash('md5').update(url).update(secret.reveal()).digest('hex').toUpperCase()}`;
  }
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { Location: location, 'Cache-Control': 'no-store', Connection: 'close' }).end();
}

function page(response: ServerResponse, html: string): void {
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }).end(html);
}
