import { copyFileSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { DAY, SECOND } from '../../core/time';
import { systemClock } from '../../runtime/clock';
import { Authority, type Pair } from '../radius/certificates';
import { RadsecClient } from '../radius/radsec-client';
import { status } from '../radius/radsec-town';
import { describeWith } from '../support/packages';
import { freeTcpPort } from '../support/ports';
import { type Product, prepareProduct, TEST_RADIUS_SECRET } from '../support/product';
import { until } from '../support/wait';
import { Evidence } from './evidence';
import { DRILL_MS } from './forms';
import { LoadGateway } from './load-gateway';
import { deviceOf, gatewaysOf, IMPATIENT } from './town';

const PORTAL_ENDS = 'stadtfunk_portal_certificate_expiry_timestamp_seconds';
const RADSEC_ENDS = 'stadtfunk_radius_certificate_expiry_timestamp_seconds';

describeWith('openssl', 'certificates that have expired', () => {
  const authority = new Authority();
  const ca = readFileSync(authority.certificate);
  const used: Pair = { certificate: authority.path('used.pem'), key: authority.path('used.key') };
  const gatewaysOwn = authority.issue('gw-radsec');
  let product: Product;
  let radsecPort: number;
  let udp: LoadGateway;

  const put = (pair: Pair) => {
    copyFileSync(pair.certificate, used.certificate);
    copyFileSync(pair.key, used.key);
  };

  beforeAll(async () => {
    radsecPort = await freeTcpPort();
    put(authority.issueExpired('localhost'));
    product = await prepareProduct((ports) => {
      const uam = { address: '127.0.0.1', port: ports.gateway };
      const radius = { secret: TEST_RADIUS_SECRET };
      return {
        portal: {
          url: `https://localhost:${ports.portal}`,
          listen: { host: '127.0.0.1', port: ports.portal },
          tls: { certificate: used.certificate, key: used.key },
        },
        radius: {
          host: '127.0.0.1',
          authenticationPort: ports.authentication,
          accountingPort: ports.accounting,
          radsec: {
            ...{ host: '127.0.0.1', port: radsecPort },
            certificates: { ...used, clientAuthority: authority.certificate },
          },
        },
        gateways: [
          { id: 'gw-udp', kind: 'uspot', site: 'rathaus', uam, radius: { ...radius, clients: ['127.0.0.1'] } },
          {
            ...{ id: 'gw-radsec', kind: 'uspot', site: 'rathaus', uam },
            radius: { ...radius, tls: { certificateName: 'gw-radsec' } },
          },
        ],
      };
    });
    await product.start();
    const gateway = gatewaysOf(product).find(({ id }) => id === 'gw-udp');
    if (gateway === undefined) throw new Error('no gateway');
    udp = await LoadGateway.open(gateway, product.ports, IMPATIENT);
  });
  afterAll(async () => {
    udp.close();
    await product.remove();
    authority.remove();
  });

  /** What a browser gets that knows the authority: the status of the page, or why it shows none. */
  const browse = (checks: boolean): Promise<number | string | undefined> =>
    new Promise((resolve) => {
      const where = { host: '127.0.0.1', servername: 'localhost', port: product.ports.portal, path: '/', ca };
      const asked = request({ ...where, rejectUnauthorized: checks, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      asked.end();
    });

  /** A gateway that checks whom it tells its records: whether it is answered. */
  async function asksByRadsec(): Promise<boolean> {
    const client = await RadsecClient.open(radsecPort, gatewaysOwn, {
      ...{ rejectUnauthorized: true, servername: 'localhost', ca },
    });
    if (client.closed) return false;
    await client.ask(status());
    client.close();
    return true;
  }

  test(
    'certificate-expired: who checks turns away, everybody else is served, and a renewed one is taken up at once',
    async () => {
      const evidence = new Evidence('certificate-expired');
      const now = systemClock.now() / SECOND;
      await evidence.logged(product, 'certificate-not-valid', /expired on 2020-01-02/);
      await evidence.metric(product, PORTAL_ENDS, (ends) => ends > 0 && ends < now);
      await evidence.metric(product, RADSEC_ENDS, (ends) => ends > 0 && ends < now);
      expect(await browse(true)).toBe('CERT_HAS_EXPIRED');
      expect(await browse(false)).toBe(200);
      expect(await asksByRadsec()).toBe(false);
      // The rest of the town does not stop with it.
      expect((await udp.login(deviceOf(0x31, 1)))?.accepted).toBe(false);
      expect(await udp.account({ sessionId: 'a', seconds: 1, downloadOctets: 1 })).toBe(true);
      expect((await fetch(`${product.opsUrl}/readyz`)).status).toBe(200);

      put(authority.issue('localhost', 'DNS:localhost'));
      process.kill(product.pid(), 'SIGHUP');
      await evidence.logged(product, 'certificate-exchanged');
      await until('browsers open the page', async () => (await browse(true)) === 200);
      await until('gateways tell their records again', asksByRadsec);
      for (const series of [PORTAL_ENDS, RADSEC_ENDS]) {
        await evidence.metric(product, series, (ends) => ends > now && ends < now + (3 * DAY) / SECOND);
      }
      evidence.isWhatTheTableTells();
    },
    DRILL_MS,
  );
});
