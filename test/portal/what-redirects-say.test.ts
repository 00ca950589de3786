import request from 'supertest';
import { DeviceAddress } from '../../core/mac';
import { REJECT } from '../../core/reasons';
import { HOUR } from '../../core/time';
import { adapterOf } from '../../portal/gateways';
import { accepted } from './support/online';
import { gatewayServices } from './support/services';
import {
  closeStores,
  DEVICE,
  FASKEY,
  NOW,
  openndsRedirect,
  PORTAL,
  testPortal,
  townConfig,
  uamRedirect,
  visitField,
} from './support/town';

afterAll(closeStores);

/** Every gateway of the town serves the square, where three access points have names in redirects, and one is elsewhere. */
const GATEWAYS = `
gateways:
  - id: town-hall
    kind: coovachilli
    site: square
    uam: { address: 10.1.0.1, port: 3990, secret: uam-Secret-of-the-test-17 }
    radius: { clients: [127.0.0.2], secret: radius-Secret-of-the-test-18 }
  - { id: library, kind: opennds, site: square, address: '10.77.0.1:2050', faskey: ${FASKEY} }
  - id: bath
    kind: mikrotik
    site: square
    hotspot: { loginUrl: http://10.5.50.1/login, login: pap }
    radius: { clients: [10.5.50.1], secret: radius-Secret-of-the-test-18 }
  - id: market
    kind: unifi
    site: square
    controller: { url: 'https://unifi.example', apiKey: some-Key-of-the-test-20 }
accessPoints:
  - { id: ap-door, name: Tür, site: square, host: 127.0.0.1, community: comm-Secret-of-test-19, calledAs: ['DE:3C:70:95:19:7B', '02005e100001'] }
  - { id: ap-bath, name: Bad, site: square, host: 127.0.0.1, community: comm-Secret-of-test-19, calledAs: [Freibad 1] }
  - { id: ap-far, name: Fern, site: school, host: 127.0.0.1, community: comm-Secret-of-test-19, calledAs: [nas-far] }
`;
const config = (rules = 'maxMegabytes: 1000') =>
  townConfig((yaml) =>
    yaml
      .slice(0, yaml.indexOf('\ngateways:'))
      .replace('rules: { maxMegabytes: 1000 }', `rules: { ${rules} }`)
      .concat(GATEWAYS),
  );

function visitOf(redirect: string) {
  const { gateways, accessPoints } = config();
  const [path = '', rawQuery = ''] = redirect.split('?');
  const id = path.startsWith('/guest/') ? 'market' : path.split('/')[2];
  const gateway = gateways.find((one) => one.id === id);
  if (gateway === undefined || gateway.kind === 'hostapd') throw new Error(redirect);
  const here = accessPoints.filter(({ site }) => site === gateway.site);
  const adapter = adapterOf(gateway, gatewayServices(), here);
  const seen = adapter.recognise({ base: PORTAL + path, rawQuery, query: new URLSearchParams(rawQuery) });
  if (!seen.ok || seen.stage !== 'captive') throw new Error(JSON.stringify(seen));
  return seen.visit;
}

const uam = (changes: Record<string, string | undefined>) => uamRedirect('town-hall', changes);
const mikrotik = (identity: string) =>
  `/mikrotik/bath?${new URLSearchParams({ 'link-login-only': 'http://10.5.50.1/login', mac: DEVICE, identity })}`;
const unifi = (ap: string) => `/guest/s/default/?${new URLSearchParams({ ap, id: DEVICE.replaceAll('-', ':') })}`;

describe('the access point of a visit', () => {
  test.each<[string, string, string | undefined]>([
    ['UAM: Called-Station-Id', uam({ called: 'DE-3C-70-95-19-7B' }), 'ap-door'],
    ['UAM: Called-Station-Id with the network’s name', uam({ called: 'de3c7095197b:Freies%20WLAN' }), 'ap-door'],
    ['UAM: NAS-Identifier that is our own id', uam({ called: undefined, nasid: 'AP-Bath' }), 'ap-bath'],
    ['UAM: one that nobody has entered', uam({ called: '02-00-00-00-00-01' }), undefined],
    ['UAM: one of another site', uam({ called: undefined, nasid: 'nas-far' }), undefined],
    ['UAM: a word of great length', uam({ called: 'a'.repeat(2_000), nasid: 'a'.repeat(2_000) }), undefined],
    ['openNDS: gatewaymac', openndsRedirect(), 'ap-door'],
    ['openNDS: another', openndsRedirect({ gatewaymac: '02005e10ffff' }), undefined],
    ['MikroTik: the router’s name', mikrotik('Freibad 1'), 'ap-bath'],
    ['MikroTik: none', mikrotik(''), undefined],
    ['UniFi: ap', unifi('de:3c:70:95:19:7b'), 'ap-door'],
    ['UniFi: another', unifi('78:8a:20:59:c6:99'), undefined],
  ])('%s', (_, redirect, expected) => {
    expect(visitOf(redirect).accessPoint).toBe(expected);
  });

  test('is counted as known or not and never named; neither the form nor anything that is stored carries it', async () => {
    const { app, registry, portal } = await testPortal(config());
    const field = await visitField(app, uam({ lang: 'fr' }));
    await visitField(app, uam({ called: 'x' }));
    const { visit } = portal.town.visits.open(field) ?? {};
    expect(Object.keys(visit ?? {}).toSorted()).toEqual(['device', 'gateway', 'originalUrl', 'site', 'ticket']);
    const metrics = await registry.metrics();
    for (const result of ['known', 'unknown']) {
      expect(metrics).toContain(`portal_visit_access_points_total{gateway="town-hall",result="${result}"} 1`);
    }
    expect(metrics).not.toContain('ap-door');
  });
});

describe('the language of a visit', () => {
  test.each<[string, string, string, string]>([
    ['what the gateway supposes, if nobody says more', 'lang=fr', '', 'fr'],
    ['as gateways write it', 'lang=EN-us', '', 'en'],
    ['that of the browser before it', 'lang=fr', 'pl', 'pl'],
    ['what the gateway supposes, if the browser’s is not there', 'lang=fr', 'zh-CN', 'fr'],
    ['that of the link before all', 'lang=fr&l=tr', 'pl', 'tr'],
    ['the town’s first, if the gateway’s is not there', 'lang=zh', '', 'de'],
    ['the town’s first, if the gateway’s is no language', 'lang=%3Czq%3E', '', 'de'],
  ])('%s', async (_, query, accepted, expected) => {
    const { app } = await testPortal(config());
    const [lang, link] = query.split('&');
    const redirect = uam({ lang: lang?.slice(5) }) + (link === undefined ? '' : `&${link}`);
    const page = await request(app).get(redirect).set('Accept-Language', accepted).expect(200);
    expect(page.headers['content-language']).toBe(expected);
    expect(page.text).toContain(`action="/accept?l=${expected}"`);
  });

  test('a site that is closed says so in it, too', async () => {
    const { app } = await testPortal(config("openingHours: [{ days: [mo], from: '08:00', to: '18:00' }]"));
    const page = await request(app)
      .get(uam({ lang: 'fr' }))
      .expect(403);
    expect(page.headers['content-language']).toBe('fr');
  });
});

describe('what the gateway says of a login that failed', () => {
  const device = DeviceAddress.parse(DEVICE);
  const reply = (text: string) => encodeURIComponent(text);

  test('is not repeated, whatever it is', async () => {
    const { app } = await testPortal(config());
    const { text } = await request(app)
      .get(uam({ res: 'failed', reply: reply('<zq>Call 0900-1234') }))
      .expect(200);
    expect(text).toContain('Das hat nicht geklappt');
    expect(text).not.toMatch(/zq|0900/);
  });

  test('that the time of the acceptance is over: so it says [Reply-Message]', async () => {
    const { app } = await testPortal(config());
    const { text } = await request(app).get(uam({ res: 'reject', reply: reply(REJECT['grant-expired']) }));
    expect(text).toContain('Ihre Zeit ist abgelaufen');
  });

  test('who has no time left today reads that, and from when on there is, instead of "try again"', async () => {
    const { app, clock } = await testPortal(config('minutesPerDay: 120, sessionMinutes: 120'));
    await accepted(app, uam({}));
    clock.step(3 * HOUR);
    const { text } = await request(app)
      .get(uam({ res: 'reject', reply: reply('no') }))
      .expect(403);
    expect(text).toContain('Die Zeit für heute ist aufgebraucht');
    expect(text).toContain('04:00');
  });

  test('who has no volume left for this acceptance reads that, too', async () => {
    const { app, store } = await testPortal(config());
    await accepted(app, uam({}));
    const grant = device && (await store.findGrant('square', device, NOW));
    const session = { gateway: 'town-hall', site: 'square', sessionId: '1', grantId: grant?.id ?? '' };
    const used = { kind: 'interim', eventAt: NOW, receivedAt: NOW, seconds: 60, downloadOctets: 2e9 } as const;
    await store.applyAccounting({ ...session, ...used });
    const { text } = await request(app)
      .get(uam({ res: 'failed' }))
      .expect(403);
    expect(text).toContain('Das Datenvolumen ist aufgebraucht');
  });
});

describe('the time left that a gateway names', () => {
  test.each<[string, string | undefined, string]>([
    ['is shown where no grant is known', '1800', '19:30'],
    ['is no longer than the site’s own', '999999', '23:00'],
    ['is not guessed', undefined, ''],
    ['may be missing: 0 is none', '0', ''],
    ['has to be a number', '-5', ''],
  ])('%s', async (_, timeleft, until) => {
    const { app } = await testPortal(config());
    const { text } = await request(app)
      .get(uam({ res: 'already', timeleft }))
      .expect(200);
    expect(text).toContain('Sie sind verbunden');
    if (until === '') expect(text).not.toContain('<time');
    else expect(text).toMatch(new RegExp(`<time[^>]*>[^<]*${until}`));
  });
});
