import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';

/** A device at the stand-in. */
export interface Station {
  readonly mac: string;
  readonly isGuest: boolean;
  readonly ap: string;
  authorised: boolean;
}

const SITE_ID = '88f7af54-98f8-306a-a1c7-c9349722b1f6';
const ACCOUNT = { username: 'stadtfunk', password: 'unifi-Password-of-the-test' };
const COOKIE_NAME = 'TOKEN';

/**
 * A stand-in for a UniFi controller, written from the documentation of the official API (9.1.105 and later) and from what
 * public programs send to the other one. It is no UniFi controller, and no real one has been met.
 */
export class UnifiController {
  readonly stations = new Map<string, Station>();
  /** Bodies of all commands, in order. */
  readonly commands: Record<string, unknown>[] = [];
  readonly requests: string[] = [];
  logins = 0;
  /** How many looks at a device it takes until an authorisation shows; a real one needs a moment. */
  looksUntilShown = 0;
  /** Takes requests and never answers. */
  isSilent = false;
  /** Answers everything with this instead. */
  fault: { status: number; body: string } | undefined;
  #server: Server | undefined;
  #session = 0;
  #pending = new Map<string, number>();
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  async start(tls: { certificate: string; key: string }): Promise<void> {
    const server = createServer(
      { cert: readFileSync(tls.certificate), key: readFileSync(tls.key) },
      (request, response) => void this.#answer(request, response),
    );
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** Everybody is logged out, as after a restart. */
  forgetLogins(): void {
    this.#session += 1;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`);
    if (this.isSilent) return;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const body = parts.length === 0 ? {} : JSON.parse(Buffer.concat(parts).toString());
    if (this.fault !== undefined) {
      response.writeHead(this.fault.status).end(this.fault.body);
      return;
    }
    const isOfficial = request.url?.startsWith('/proxy/network/integration/v1');
    const { status, value, headers } = isOfficial ? this.#official(request, body) : this.#account(request, body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  }

  #official({ url = '', headers, method }: IncomingMessage, body: Record<string, unknown>): Reply {
    if (headers['x-api-key'] !== this.#key) return reply(401, { statusCode: 401 });
    const { pathname, searchParams } = new URL(url, 'https://x');
    const path = pathname.slice('/proxy/network/integration/v1'.length);
    if (path === '/sites') {
      const data = [{ id: SITE_ID, internalReference: 'default', name: 'Default' }];
      return reply(200, { offset: 0, limit: 25, count: 1, totalCount: 1, data });
    }
    const [, mac] = /^macAddress\.eq\('([0-9a-f:]{17})'\)$/.exec(searchParams.get('filter') ?? '') ?? [];
    if (path === `/sites/${SITE_ID}/clients` && !searchParams.has('filter')) {
      const [offset, limit] = [Number(searchParams.get('offset')), Number(searchParams.get('limit'))];
      const all = [...this.stations.values()].map(({ mac }) => ({ id: idOf(mac), macAddress: mac, type: 'WIRELESS' }));
      const data = all.slice(offset, offset + limit);
      return reply(200, { offset, limit, count: data.length, totalCount: all.length, data });
    }
    if (path === `/sites/${SITE_ID}/clients`) {
      const found = this.stations.get(mac ?? '');
      const data = found ? [{ id: idOf(found.mac), macAddress: found.mac, type: 'WIRELESS' }] : [];
      return reply(200, { offset: 0, limit: 25, count: data.length, totalCount: data.length, data });
    }
    const [, id, action] = new RegExp(`^/sites/${SITE_ID}/clients/([\\w-]+)(/actions)?$`).exec(path) ?? [];
    const station = [...this.stations.values()].find((one) => idOf(one.mac) === id);
    if (station === undefined) return reply(404, { statusCode: 404, code: 'RESOURCE_NOT_FOUND' });
    if (action === undefined && method === 'GET') {
      const type = station.isGuest ? 'GUEST' : 'DEFAULT';
      return reply(200, { id, macAddress: station.mac, access: { type, authorized: this.#shows(station) } });
    }
    this.commands.push(body);
    this.#set(station, body.action === 'AUTHORIZE_GUEST_ACCESS');
    return reply(200, { action: body.action });
  }

  #account({ url, headers, method }: IncomingMessage, body: Record<string, unknown>): Reply {
    const token = `h.${Buffer.from(JSON.stringify({ csrfToken: `csrf-${this.#session}` })).toString('base64url')}.s`;
    if (url === '/api/auth/login') {
      this.logins += 1;
      if (body.username !== ACCOUNT.username || body.password !== ACCOUNT.password) return reply(403, {});
      return reply(200, {}, { 'set-cookie': `${COOKIE_NAME}=${token}; path=/; httponly` });
    }
    if (headers.cookie !== `${COOKIE_NAME}=${token}`) {
      return reply(401, { meta: { rc: 'error', msg: 'api.err.LoginRequired' }, data: [] });
    }
    if (url === '/proxy/network/api/s/default/stat/sta') {
      return reply(200, { meta: { rc: 'ok' }, data: [...this.stations.values()].map(({ mac }) => ({ mac })) });
    }
    const [, mac] = /^\/proxy\/network\/api\/s\/default\/stat\/sta\/([0-9a-f:]{17})$/.exec(url ?? '') ?? [];
    if (mac !== undefined) {
      const station = this.stations.get(mac);
      if (station === undefined) return reply(400, { meta: { rc: 'error', msg: 'api.err.UnknownStation' }, data: [] });
      const { isGuest: is_guest, ap: ap_mac } = station;
      return reply(200, { meta: { rc: 'ok' }, data: [{ mac, is_guest, ap_mac, authorized: this.#shows(station) }] });
    }
    if (url !== '/proxy/network/api/s/default/cmd/stamgr' || method !== 'POST') return reply(404, {});
    if (headers['x-csrf-token'] !== `csrf-${this.#session}`) return reply(403, {});
    const station = this.stations.get(String(body.mac));
    if (station === undefined) return reply(400, { meta: { rc: 'error', msg: 'api.err.UnknownStation' }, data: [] });
    this.commands.push(body);
    this.#set(station, body.cmd === 'authorize-guest');
    return reply(200, { meta: { rc: 'ok' }, data: [] });
  }

  #set(station: Station, authorised: boolean): void {
    station.authorised = authorised;
    this.#pending.set(station.mac, this.looksUntilShown);
  }

  #shows(station: Station): boolean {
    const left = this.#pending.get(station.mac) ?? 0;
    this.#pending.set(station.mac, left - 1);
    return left <= 0 && station.authorised;
  }
}

interface Reply {
  readonly status: number;
  readonly value: unknown;
  readonly headers: Record<string, string>;
}

function reply(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return { status, value, headers };
}

function idOf(mac: string): string {
  return `6f3b6677-e61a-3057-8a4f-${mac.replaceAll(':', '')}`;
}
