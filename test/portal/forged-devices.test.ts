import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import { HOUR } from '../../core/time';
import { accepted } from './support/online';
import { closeStores, DEVICE, testPortal, townConfig, uamRedirect, visitField } from './support/town';

afterAll(closeStores);

/*
 * Addresses of devices can be read from the air. Where nothing signs the redirect, anybody anywhere can write one that
 * names the device of somebody else, accept the terms for it, and come back as the gateway would have brought it.
 */
const UNIFI = `
  - id: hall-unifi
    kind: unifi
    site: school
    controller: { url: 'https://unifi.example', site: default, apiKey: some-Key-of-the-test-20 }
`;
const MIKROTIK = `
  - id: hall-mikrotik
    kind: mikrotik
    site: school
    hotspot: { loginUrl: 'http://10.5.50.1/login' }
    radius: { clients: [127.0.0.9], secret: radius-Secret-of-the-test-18 }
`;
const config = (rules = '') =>
  townConfig((yaml) =>
    yaml
      .replace('kind: school }', `kind: school, rules: { ${rules} } }`)
      .replace('\naccessPoints:', `${MIKROTIK}${UNIFI}\naccessPoints:`),
  );
const mikrotik = `/mikrotik/hall-mikrotik?${new URLSearchParams({
  'link-login-only': 'http://10.5.50.1/login',
  mac: DEVICE.replaceAll('-', ':'),
  'chap-id': '\\371',
  'chap-challenge': '\\123'.repeat(16),
})}`;

const device = DeviceAddress.parse(DEVICE);
if (device === undefined) throw new Error('not a device address');

type Town = Awaited<ReturnType<typeof testPortal>>;

/** Accepts; if the device is there, the gateway redeems the credential, as our RADIUS server would let it. */
async function comeBack({ app, store, clock }: Town, gateway: string, redirect: string, isThere: boolean) {
  // Every page is shown at a moment of its own.
  clock.step(1);
  const visit = await visitField(app, redirect);
  const answer = await request(app).post('/accept').type('form').send({ visit }).expect(303);
  const onward = new URL(String(answer.headers.location)).searchParams;
  const username = onward.get('username') ?? '';
  if (isThere && device) {
    expect(await store.takeCredential({ username, gateway, device, now: clock.now() })).toMatchObject({ ok: true });
  }
  const back = new URL(onward.get('userurl') ?? onward.get('dst') ?? '');
  return request(app)
    .get(back.pathname + back.search)
    .redirects(1)
    .expect(200);
}

describe.each([
  ['plain', uamRedirect('plain')],
  ['hall-mikrotik', mikrotik],
])('at a gateway that signs nothing [%s]', (gateway, redirect) => {
  test('who only named a device neither sees nor ends what it has', async () => {
    const town = await testPortal(config());
    expect((await comeBack(town, gateway, redirect, true)).text).toContain('name="connection"');
    const { text } = await comeBack(town, gateway, redirect, false);
    expect(text).not.toMatch(/name="connection"|\/me\?c=/);
  });

  test('the page before login does not tell how long a device was online today', async () => {
    const town = await testPortal(config('minutesPerDay: 240, sessionMinutes: 120'));
    const before = (await request(town.app).get(redirect).expect(200)).text;
    await comeBack(town, gateway, redirect, true);
    town.clock.step(3 * HOUR);
    await comeBack(town, gateway, redirect, true);
    const withoutField = (text: string) => text.replace(/value="[\w-]{100,}"/, '');
    expect(withoutField((await request(town.app).get(redirect).expect(200)).text)).toBe(withoutField(before));
  });
});

test('where the gateway signs its redirect, coming back is enough', async () => {
  const { app } = await testPortal();
  const arrival = await accepted(app);
  expect((await request(app).get(arrival).redirects(1)).text).toContain('name="connection"');
});
