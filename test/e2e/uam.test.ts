import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEVICE_HEADER, SimulatedGateway } from '../../demo/gateway';
import { walkIn } from '../../demo/visitors';
import { systemClock } from '../../runtime/clock';
import { silentLog } from '../../runtime/log';
import { systemRandom } from '../../runtime/random';
import { canaries, searchFiles } from '../support/canary';
import { gatewayOf, type Product, prepareProduct } from '../support/product';
import { until } from '../support/wait';

const DEVICES = ['02:5a:7e:c3:19:f4', 'd6:91:0b:ee:42:a8', '7a:33:c9:58:f1:06'];
const DEVICE = DEVICES[0] as string;

let product: Product;
let gateway: SimulatedGateway;

beforeAll(async () => {
  product = await prepareProduct();
  await product.start();
  gateway = new SimulatedGateway({
    gateway: gatewayOf(product),
    portalUrl: product.portalUrl,
    radius: {
      host: '127.0.0.1',
      authenticationPort: product.ports.authentication,
      accountingPort: product.ports.accounting,
    },
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  await gateway.start();
});

afterAll(async () => {
  await gateway.stop();
  await product.remove();
});

describe('a UAM gateway, the portal, RADIUS, accounting and metrics, each a process or socket of its own', () => {
  test('a visitor accepts the terms and is let through', async () => {
    expect(await walkIn(gateway.url, DEVICE)).toMatchObject({ online: true });

    const page = await fetch(gateway.url, { headers: { [DEVICE_HEADER]: DEVICE } });
    expect(await page.text()).toContain('You are online');
    expect(await product.metric('stadtfunk_portal_grants_total{site="rathaus",language="de"}')).toBe(1);
    expect(await product.metric('stadtfunk_radius_replies_total{code="access-accept"}')).toBe(1);
    expect(await product.metric('stadtfunk_sessions{site="rathaus"}')).toBe(1);
  });

  test('any address a browser may ask for leads to the portal, also one that is no path', async () => {
    const asked = await fetch(`${gateway.url}//`, { redirect: 'manual' });
    expect(asked.headers.get('location')).toContain(`${product.portalUrl}/uam/`);
  });

  test('the volume that accounting reports reaches the metrics, and the session ends with the Stop', async () => {
    await fetch(`${gateway.url}/logoff`, { headers: { [DEVICE_HEADER]: DEVICE }, redirect: 'manual' });

    await until('the session is over', async () => (await product.metric('stadtfunk_sessions{site="rathaus"}')) === 0);
    expect(await product.metric('stadtfunk_radius_accounting_records_total{kind="stop"}')).toBe(1);
    expect(await product.metric('stadtfunk_site_octets_total{site="rathaus",direction="download"}')).toBeGreaterThan(0);
  });

  test('many visitors at once each get in, each with a credential of their own', async () => {
    const before = (await product.metric('stadtfunk_radius_replies_total{code="access-accept"}')) ?? 0;
    const devices = Array.from({ length: 50 }, (_, i) => `02:00:5e:77:00:${i.toString(16).padStart(2, '0')}`);
    const walks = await Promise.all(devices.map((device) => walkIn(gateway.url, device)));

    expect(walks.filter((walk) => !walk.online)).toEqual([]);
    expect(await product.metric('stadtfunk_radius_replies_total{code="access-accept"}')).toBe(before + devices.length);
  });

  test('no visitor’s address is found in store, log or metrics, in any of its forms', async () => {
    await Promise.all(DEVICES.map((device) => walkIn(gateway.url, device)));
    const metrics = await (await fetch(`${product.opsUrl}/metrics`)).text();
    writeFileSync(join(product.folder, 'log.txt'), product.output());
    writeFileSync(join(product.folder, 'metrics.txt'), metrics);
    const needles = DEVICES.flatMap(canaries);
    expect(searchFiles(product.folder, needles)).toEqual([]);

    writeFileSync(join(product.folder, 'planted.txt'), `seen: ${DEVICE}`);
    expect(searchFiles(product.folder, needles)).toHaveLength(1);
  });

  test('it stops in order on SIGTERM', async () => {
    await gateway.stop();
    expect(await product.end('SIGTERM')).toBe(0);
    expect(product.output()).toContain('"event":"stopped"');
  });
});
