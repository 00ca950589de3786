import { copyFileSync, readFileSync } from 'node:fs';
import { DAY, SECOND } from '../../core/time';
import { integerAttribute, octetsAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE, parsePacket } from '../../radius/wire/packet';
import { systemClock } from '../../runtime/clock';
import { Authority, type Pair } from '../radius/certificates';
import { accountingRequest, signedRequest } from '../radius/client';
import { RadsecClient } from '../radius/radsec-client';
import { acknowledge, RADSEC, status } from '../radius/radsec-town';
import { readExposition } from '../support/exposition';
import { operate } from '../support/gateway';
import { type Came, KeptConnection } from '../support/kept-connection';
import { describeWith } from '../support/packages';
import { freeTcpPort } from '../support/ports';
import { gatewayOf, type Product, prepareProduct, TEST_RADIUS_SECRET } from '../support/product';
import { type RedisServer, startRedis } from '../support/redis';
import { CHALLENGE, redirectOf } from '../support/visitor';
import { until } from '../support/wait';
import { workerAt, workersOf } from '../support/workers';

const BROWSERS = 8;
const GATEWAYS = ['gw-a', 'gw-b'] as const;
const ORDERS = 'stadtfunk_radius_dynamic_authorization_total';
const DEVICE = '02:5a:7e:c3:19:f4';
const USER_NAME = 'kq3Vn0cYx2mZ7bL9tR4w_A';

/** The RADIUS side of a gateway that has one connection and nothing else. */
class Gateway {
  readonly client: RadsecClient;
  #identifier = 0;

  private constructor(client: RadsecClient) {
    this.client = client;
  }

  static async open(port: number, proof: Pair): Promise<Gateway> {
    const gateway = new Gateway(await RadsecClient.open(port, proof));
    await gateway.client.ask(status());
    return gateway;
  }

  get localPort(): number {
    return this.client.localPort;
  }

  close(): void {
    this.client.close();
  }

  /** Lets a device in that comes with a credential; the word for its grant. */
  async login(username: string, response: string): Promise<string> {
    const attributes = [
      textAttribute('User-Name', username),
      textAttribute('Calling-Station-Id', DEVICE),
      octetsAttribute('CHAP-Password', Buffer.concat([Buffer.of(0), Buffer.from(response, 'hex')])),
      octetsAttribute('CHAP-Challenge', Buffer.from(CHALLENGE, 'hex')),
    ];
    const answer = await this.client.ask(signedRequest(CODE.accessRequest, ++this.#identifier, attributes, RADSEC));
    const grant = parsePacket(answer)?.attributes.text('Class');
    if (answer[0] !== CODE.accessAccept || grant === undefined) throw new Error('not let in');
    return grant;
  }

  async startSession(sessionId: string, { username = USER_NAME, grant = '' } = {}): Promise<void> {
    const attributes = [
      ...[integerAttribute('Acct-Status-Type', 1), textAttribute('Acct-Session-Id', sessionId)],
      ...[textAttribute('User-Name', username), ...(grant === '' ? [] : [textAttribute('Class', grant)])],
    ];
    const answer = await this.client.ask(accountingRequest(++this.#identifier, attributes, RADSEC));
    expect(answer[0]).toBe(CODE.accountingResponse);
  }

  /** Waits for the next order to end a session, and does it. @returns which session */
  async obey(): Promise<string | undefined> {
    const before = this.client.received.length;
    const order = await until('an order has come', () => this.client.received[before]);
    expect(order[0]).toBe(CODE.disconnectRequest);
    this.client.send(acknowledge(order, RADSEC));
    return parsePacket(order)?.attributes.text('Acct-Session-Id');
  }
}

describeWith(['openssl', 'redis-server', 'redis-cli'], 'two workers that share HTTPS and RadSec', () => {
  const authority = new Authority();
  const ca = readFileSync(authority.certificate);
  const used: Pair = { certificate: authority.path('used.pem'), key: authority.path('used.key') };
  const proofs = { 'gw-a': authority.issue('gw-a'), 'gw-b': authority.issue('gw-b') };
  const open: { close(): void }[] = [];
  let redis: RedisServer;
  let product: Product;
  let radsecPort: number;

  /** @param name  tells certificates apart */
  const useCertificate = (name: string): void => {
    const { certificate, key } = authority.issue(name, 'DNS:localhost');
    copyFileSync(certificate, used.certificate);
    copyFileSync(key, used.key);
  };

  beforeAll(async () => {
    redis = await startRedis(['appendonly yes', 'appendfsync always']);
    radsecPort = await freeTcpPort();
    useCertificate('first');
    product = await prepareProduct((ports) => ({
      store: { kind: 'redis', redis: { server: `127.0.0.1:${redis.port}` } },
      portal: {
        url: `https://localhost:${ports.portal}`,
        listen: { host: '127.0.0.1', port: ports.portal },
        tls: { certificate: used.certificate, key: used.key },
      },
      radius: {
        ...{ host: '127.0.0.1', authenticationPort: ports.authentication, accountingPort: ports.accounting },
        radsec: {
          ...{ host: '127.0.0.1', port: radsecPort },
          certificates: { ...used, clientAuthority: authority.certificate },
        },
      },
      // They can be told by nothing but the connection that they keep open.
      gateways: GATEWAYS.map((id) => ({
        ...{ id, kind: 'coovachilli', site: 'rathaus' },
        uam: { address: '127.0.0.1', port: ports.gateway, login: 'chap' },
        radius: { secret: TEST_RADIUS_SECRET, tls: { certificateName: id } },
      })),
    }));
    await product.start('--workers', '2');
    const [one, other] = await until('each has said that it is there', () => {
      const all = claims();
      return all.length === 2 && all;
    });
    // Whoever came first learns of the other when it says so again, and works until then as if it were alone.
    await until('each has said so again', () => claims().every((claim) => claim !== one && claim !== other));
  });
  afterAll(async () => {
    for (const one of open.splice(0)) one.close();
    await product.remove();
    await redis.end();
    authority.remove();
  });

  /** Until when each RADIUS server counts as being there. */
  const claims = (): string[] => redis.cli('hget', 'stadtfunk:{town}:leases', 'site-rules').match(/"until":\d+/g) ?? [];

  const browser = (): KeptConnection => {
    const connection = new KeptConnection(product.ports.portal, ca);
    open.push(connection);
    return connection;
  };

  const gateway = async (id: (typeof GATEWAYS)[number]): Promise<Gateway> => {
    const opened = await Gateway.open(radsecPort, proofs[id]);
    open.push(opened);
    return opened;
  };

  /** Opens connections until one is at the worker with this place. */
  async function at<T extends { readonly localPort: number; close(): void }>(
    place: number,
    openOne: () => Promise<T>,
  ): Promise<T> {
    for (;;) {
      const opened = await openOne();
      const worker = workerAt(product, opened.localPort);
      if (worker === workersOf(product)[place]) return opened;
      opened.close();
    }
  }

  /** A visitor who accepts the terms and is let in. @returns the word by which the portal knows them */
  async function getsOnline(visitor: KeptConnection, at: Gateway, sessionId: string): Promise<string> {
    const terms = await visitor.get(redirectOf(gatewayOf(product), DEVICE));
    const visit = /name="visit" value="([^"]+)"/.exec(terms.text)?.[1] ?? '';
    const logon = new URL((await visitor.post('/accept', { visit })).location ?? '').searchParams;
    const [username = '', response = '', back = ''] = ['username', 'response', 'userurl'].map(
      (name) => logon.get(name) ?? '',
    );
    const grant = await at.login(username, response);
    await at.startSession(sessionId, { username, grant });
    const arrival = new URL(back);
    const { location = '' } = await visitor.get(arrival.pathname + arrival.search);
    return /name="connection" value="([\w-]+)"/.exec((await visitor.get(location)).text)?.[1] ?? '';
  }

  /** How orders went, by result. */
  const orders = async () => {
    const page = readExposition(await (await fetch(`${product.opsUrl}/metrics`)).text());
    const counted = page.filter(({ name, value }) => name === ORDERS && value > 0);
    return Object.fromEntries(counted.map(({ labels, value }) => [labels.result, value]));
  };

  test('a certificate is exchanged in both while browsers and gateways go on over their connections', async () => {
    const browsers = Array.from({ length: BROWSERS }, browser);
    const came: Came[] = [];
    const looks = async (one: KeptConnection) => void came.push(await one.get('/'));
    await Promise.all(browsers.map(looks));
    expect(new Set(browsers.map(({ localPort }) => workerAt(product, localPort)))).toEqual(new Set(workersOf(product)));
    const known = await gateway('gw-a');
    let exchanged = false;
    const browsing = Promise.all(
      browsers.map(async (one) => {
        while (!exchanged) await looks(one);
        await looks(one);
      }),
    );
    useCertificate('second');
    process.kill(product.pid(), 'SIGHUP');
    await until('both have exchanged it', () => product.output().split('"event":"certificate-exchanged"').length === 3);
    exchanged = true;
    await browsing;
    expect(new Set(came.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(came.map(({ localPort }) => localPort)).size).toBe(BROWSERS);
    expect(new Set(came.map(({ server }) => server))).toEqual(new Set(['first']));
    const fresh = await Promise.all(Array.from({ length: BROWSERS }, () => browser().get('/')));
    expect(new Set(fresh.map(({ server }) => server))).toEqual(new Set(['second']));

    expect((await known.client.ask(status(7)))[1]).toBe(7);
    const renewed = await Promise.all(GATEWAYS.map(gateway));
    expect(renewed.map(({ client }) => client.server)).toEqual(['second', 'second']);
    for (const one of [known, ...renewed]) one.close();
    // Not that of both together.
    const ends = await product.metric('stadtfunk_portal_certificate_expiry_timestamp_seconds');
    expect(ends).toBeLessThan((systemClock.now() + 3 * DAY) / SECOND);
  });

  describe('an order goes out by the worker to which the gateway is connected', () => {
    let gateways: readonly [Gateway, Gateway];
    beforeAll(async () => {
      const connections = (id: string) => product.metric(`stadtfunk_radius_radsec_connections{gateway="${id}"}`);
      await until(
        'none is connected',
        async () => (await connections('gw-a')) === 0 && (await connections('gw-b')) === 0,
      );
      gateways = [await at(0, () => gateway('gw-a')), await at(1, () => gateway('gw-b'))];
    });

    test('when an operator gives it', async () => {
      await Promise.all(gateways.map((one) => one.startSession('of-an-operator')));
      const [{ code, output }] = await Promise.all([
        operate(product, 'sessions', 'end', '--site', 'rathaus'),
        ...gateways.map((one) => one.obey()),
      ]);
      for (const id of GATEWAYS) expect(output).toContain(`${id}: 1 of 1 sessions ended`);
      expect(code).toBe(0);
      expect(await orders()).toEqual({ done: 2 });
    });

    test('when a visitor gives it at one worker or the other', async () => {
      for (const i of [0, 1]) {
        const visitor = await at(i, async () => {
          const connection = browser();
          await connection.get('/');
          return connection;
        });
        const connection = await getsOnline(visitor, gateways[0], `of-visitor-${i}`);
        const [page, session] = await Promise.all([
          visitor.post('/disconnect?l=de', { connection }),
          gateways[0].obey(),
        ]);
        expect(session).toBe(`of-visitor-${i}`);
        expect(page.text).not.toContain('kann noch im Internet sein');
      }
      await until('all are settled', async () => (await orders()).done === 4);
      expect(await orders()).toEqual({ done: 4 });
    });
  });
});
