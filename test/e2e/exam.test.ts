import type { SimulatedGateway } from '../../demo/gateway';
import { walkIn } from '../../demo/visitors';
import { systemClock } from '../../runtime/clock';
import { isOnline, operate, startGateway } from '../support/gateway';
import { freeUdpPort } from '../support/ports';
import { type Product, prepareProduct, TEST_RADIUS_SECRET } from '../support/product';
import { until } from '../support/wait';

const DEVICES = ['02:5a:7e:c3:19:f4', 'd6:91:0b:ee:42:a8'];
const SESSIONS = 'stadtfunk_sessions{site="schule"}';
/** Today at 23:59 there: whenever the test runs, an exam can end then, but for a minute. */
const ZONE = ['Europe/Berlin', 'Pacific/Auckland', 'America/Los_Angeles'].find(
  (timeZone) =>
    Number(new Intl.DateTimeFormat('en', { timeZone, hour: '2-digit', hour12: false }).format(systemClock.now())) < 23,
);

let product: Product;
let gateway: SimulatedGateway;

beforeAll(async () => {
  const orders = await freeUdpPort();
  product = await prepareProduct((ports) => ({
    town: { name: 'Teststadt', contact: { email: 'wlan@teststadt.example' }, timeZone: ZONE },
    sites: [{ id: 'schule', name: 'Schule', kind: 'school', examLink: 1 }],
    gateways: [
      {
        id: 'gw-schule',
        kind: 'coovachilli',
        site: 'schule',
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

const run = (...words: string[]) => operate(product, ...words);
const online = async () =>
  (await Promise.all(DEVICES.map((device) => isOnline(gateway, device)))).filter((is) => is).length;
const allIn = () => Promise.all(DEVICES.map((device) => walkIn(gateway.url, device)));
/** The disk of a busy machine may be later than a login can wait for; then a visitor taps again. */
const everybodyOnline = () =>
  until('everybody is online', async () => {
    await allIn();
    return (await online()) === DEVICES.length;
  });
const nobodyOnline = () => until('everybody is offline', async () => (await online()) === 0 || undefined);

test('an exam ends all sessions, keeps everybody out, outlives a restart, and lets in again when it is over', async () => {
  await everybodyOnline();
  expect(await product.metric(SESSIONS)).toBe(2);

  expect(await run('exam', 'on', '--site', 'schule', '--until', '23:59')).toEqual({
    code: 0,
    output: 'schule: exam until 23:59; sessions are being ended.\n',
  });
  await nobodyOnline();
  for (const visitor of await allIn()) expect(visitor).toMatchObject({ online: false });
  expect(await (await fetch(`${product.portalUrl}/status/schule`)).text()).toContain('Prüfung bis 23:59');

  expect(await product.end('SIGTERM')).toBe(0);
  await product.start();
  expect((await run('exam', 'list')).output).toBe('schule: exam until 23:59.\n');
  for (const visitor of await allIn()) expect(visitor).toMatchObject({ online: false });

  expect((await run('exam', 'off', '--site', 'schule')).output).toBe('schule: the exam is over.\n');
  await everybodyOnline();
  for (const device of DEVICES) expect(product.output()).not.toContain(device);
});

test('the school switches by the link that the command prints', async () => {
  await everybodyOnline();
  const { code, output } = await run('school', 'link', '--site', 'schule');
  expect(code).toBe(0);
  const link = output.trim();
  expect(link.startsWith(`${product.portalUrl}/school/schule?k=`)).toBe(true);
  const send = (form: Record<string, string>) => fetch(link, { method: 'POST', body: new URLSearchParams(form) });
  expect(await (await send({ until: '23:59' })).text()).toContain('Prüfung bis 23:59');
  await nobodyOnline();
  expect(await (await send({ do: 'end' })).text()).toContain('Keine Prüfung');
  await everybodyOnline();
  expect(product.output()).not.toContain(new URL(link).searchParams.get('k'));
});

test.each([
  [['exam', 'on', '--site', 'schule', '--until', '25:00'], 2, 'An exam cannot end at "25:00".'],
  [['exam', 'on', '--site', 'nowhere', '--until', '23:59'], 2, 'There is no site nowhere. There are: schule.'],
  [['exam', 'on', '--site', 'schule'], 2, '--until'],
  [['exam', 'off', '--site', 'schule'], 0, 'no exam was running'],
])('called with %j it exits with %d and says: %s', async (words, exit, sentence) => {
  const { code, output } = await run(...words);
  expect(output).toContain(sentence);
  expect(code).toBe(exit);
});
