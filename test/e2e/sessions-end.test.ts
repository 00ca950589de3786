import type { SimulatedGateway } from '../../demo/gateway';
import { RadiusClient } from '../../demo/radius-client';
import { walkIn } from '../../demo/visitors';
import { adminToken } from '../../runtime/admin';
import { systemClock } from '../../runtime/clock';
import { systemRandom } from '../../runtime/random';
import { getIn, isOnline, operate, startGateway } from '../support/gateway';
import { freeUdpPort } from '../support/ports';
import { gatewayOf, type Product, prepareProduct, TEST_KEY, TEST_RADIUS_SECRET } from '../support/product';

const DEVICES = ['02:5a:7e:c3:19:f4', 'd6:91:0b:ee:42:a8', '7a:33:c9:58:f1:06'];
const SESSIONS = 'stadtfunk_sessions{site="rathaus"}';

let product: Product;
let gateway: SimulatedGateway;

beforeAll(async () => {
  const orders = await freeUdpPort();
  product = await prepareProduct((ports) => ({
    gateways: [
      {
        id: 'gw-rathaus',
        kind: 'coovachilli',
        site: 'rathaus',
        uam: { address: '127.0.0.1', port: ports.gateway },
        radius: { clients: ['127.0.0.1'], secret: TEST_RADIUS_SECRET, dynamicAuthorization: { port: orders } },
      },
    ],
  }));
  await product.start();
  gateway = await startGateway(product);
});

afterAll(async () => {
  await gateway.stop();
  await product.remove();
});

const sessionsEnd = (...options: string[]) => operate(product, 'sessions', 'end', ...options);

test('the sessions and grants of a site end at the gateway, and its visitors start anew', async () => {
  for (const device of DEVICES) await getIn(gateway, device);
  expect(await product.metric(SESSIONS)).toBe(3);

  const { code, output } = await sessionsEnd('--site', 'rathaus');
  expect(output).toContain('3 grants ended; 3 sessions');
  expect(output).toContain('gw-rathaus: 3 of 3 sessions ended');
  expect(code).toBe(0);

  expect(await product.metric(SESSIONS)).toBe(0);
  expect(await Promise.all(DEVICES.map((device) => isOnline(gateway, device)))).toEqual([false, false, false]);
  const ended = 'stadtfunk_radius_dynamic_authorization_total{kind="disconnect",result="done"}';
  expect(await product.metric(ended)).toBe(3);
  for (const device of DEVICES) expect(product.output()).not.toContain(device);
});

test('a session that the gateway will not end is named with the reason, and the exit code is 1', async () => {
  const radius = new RadiusClient(
    gatewayOf(product),
    {
      host: '127.0.0.1',
      authenticationPort: product.ports.authentication,
      accountingPort: product.ports.accounting,
    },
    systemClock,
    systemRandom,
  );
  await radius.start();
  const device = DEVICES[0] ?? '';
  const session = { device, username: device, sessionId: 'abcd', seconds: 0, downloadOctets: 0, uploadOctets: 0 };
  await radius.account('start', session);
  const { code, output } = await sessionsEnd('--gateway', 'gw-rathaus');
  expect(output).toContain('gw-rathaus: 0 of 1 sessions ended; 1 user-name-unknown (the gateway needs the user name');
  expect(code).toBe(1);
  await radius.account('stop', session);
  await radius.stop();
});

test.each([
  [[], 2, 'Name either --site or --gateway'],
  [['--site', 'rathaus', '--gateway', 'gw-rathaus'], 2, 'Name either --site or --gateway'],
  [['--site', 'nowhere'], 2, 'There is no site nowhere. There are: rathaus.'],
  [['--gateway', 'nowhere'], 2, 'There is no gateway nowhere. There are: gw-rathaus.'],
])('called with %j it exits with %d and says: %s', async (options, exit, sentence) => {
  const { code, output } = await sessionsEnd(...options);
  expect(output).toContain(sentence);
  expect(code).toBe(exit);
});

describe('the order is taken from whoever holds the key of the configuration, and from nobody else', () => {
  const right = { Authorization: `Bearer ${adminToken(TEST_KEY)}` };
  const ask = (headers: Record<string, string>, body = '{"site":"rathaus"}', path = '/admin/sessions/end') =>
    fetch(`${product.opsUrl}${path}`, { method: 'POST', headers, body });

  test.each([
    ['without a token', {}, 401],
    ['with a wrong token', { Authorization: `Bearer ${adminToken('another-key-another-key-another-key')}` }, 401],
    ['with the token under another scheme', { Authorization: `Basic ${adminToken(TEST_KEY)}` }, 401],
    ['from a page in a browser', { ...right, Origin: 'http://evil.example' }, 403],
    ['from a page of the same machine', { ...right, 'Sec-Fetch-Site': 'same-origin' }, 403],
  ])('%s: refused, and nothing ends', async (_how, headers, status) => {
    await walkIn(gateway.url, DEVICES[1] ?? '');
    const before = await product.metric(SESSIONS);
    expect((await ask(headers)).status).toBe(status);
    expect(await product.metric(SESSIONS)).toBe(before);
    expect(await isOnline(gateway, DEVICES[1] ?? '')).toBe(true);
  });

  test('what is no order is refused', async () => {
    expect((await ask(right, 'no json')).status).toBe(400);
    expect((await ask(right, `{"site":"${'x'.repeat(2000)}"}`)).status).toBe(400);
    expect((await ask(right, '{}', '/admin/other')).status).toBe(404);
    expect((await fetch(`${product.opsUrl}/admin/sessions/end`, { headers: right })).status).toBe(405);
  });
});
