import { Authority } from '../radius/certificates';
import { gatewayContract } from './support/gateway-contract';
import { closeStores, openndsRedirect, PORTAL, townConfig, UAM_SECRET, uamRedirect } from './support/town';
import { UnifiController } from './support/unifi-controller';

const KEY = 'unifi-Key-of-the-test-20';
const AP = '78:8a:20:59:c6:99';
const DEVICE = '02:11:22:33:44:55';

const authority = new Authority();
const controller = new UnifiController(KEY);

beforeAll(async () => {
  await controller.start(authority.issue('localhost', 'DNS:localhost'));
  controller.stations.set(DEVICE, { mac: DEVICE, isGuest: true, ap: AP, authorised: true });
});
afterAll(async () => {
  await controller.stop();
  authority.remove();
  await closeStores();
});

gatewayContract({
  name: 'CoovaChilli, signed',
  id: 'town-hall',
  config: () => townConfig(),
  redirect: () => uamRedirect(),
  admitsAt: 'http://10.1.0.1:3990/logon?',
  forged: () => [
    ['another secret', uamRedirect('town-hall', {}, 'another-Secret-12345'), 'signature-wrong'],
    ['a changed device', uamRedirect().replace('02-11-22', '02-11-23'), 'signature-wrong'],
    ['a stranger’s address', uamRedirect('town-hall', { uamip: '203.0.113.9' }), 'gateway-address-wrong'],
    ['a stranger’s port', uamRedirect('town-hall', { uamport: '80' }), 'gateway-address-wrong'],
    [
      'an address that only begins like ours',
      uamRedirect('town-hall', { uamip: '10.1.0.1.evil.example' }),
      'gateway-address-wrong',
    ],
    ['an address with a name before it', uamRedirect('town-hall', { uamip: 'a@10.1.0.1' }), 'gateway-address-wrong'],
    [
      'the device twice',
      uamRedirect('town-hall', { mac: '02-11-22-33-44-55&mac=02-11-22-33-44-56' }),
      'parameters-invalid',
    ],
    ['another gateway’s name', uamRedirect().replace('/town-hall', '/nobody'), 'unknown-gateway'],
    ['another family', uamRedirect().replace('/uam/', '/mikrotik/'), 'unknown-gateway'],
  ],
});

gatewayContract({
  name: 'uspot, unsigned',
  id: 'plain',
  config: () => townConfig(),
  // The same adapter as above.
  runs: 1_000,
  redirect: () => uamRedirect('plain'),
  admitsAt: 'http://127.0.0.1:3990/logon?',
  forged: () => [
    ['a stranger’s address', uamRedirect('plain', { uamip: '203.0.113.9' }), 'gateway-address-wrong'],
    ['no challenge', uamRedirect('plain', { challenge: undefined }), 'parameters-missing'],
    ['no device address', uamRedirect('plain', { mac: 'ff-ff-ff-ff-ff-ff' }), 'parameters-invalid'],
  ],
});

gatewayContract({
  name: 'openNDS, level 2',
  id: 'library',
  config: () => townConfig(),
  // Each level has its 10,000 in opennds.test.ts.
  runs: 1_000,
  redirect: () => openndsRedirect(),
  admitsAt: 'http://10.77.0.1:2050/opennds_auth/?',
  forged: () => [
    ['another faskey', openndsRedirect({}, 'another-Faskey-of-16+'), 'signature-wrong'],
    ['a stranger’s address', openndsRedirect({ gatewayaddress: '203.0.113.9:2050' }), 'gateway-address-wrong'],
  ],
});

const CHALLENGE = '\\357\\015\\330\\013\\021\\234\\145\\245\\303\\253\\142\\246\\133\\175\\375\\316';

/** As deploy/mikrotik/login.html writes it. */
function mikrotikRedirect(changes: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    'link-login-only': 'http://10.5.50.1/login',
    mac: '02:11:22:33:44:55',
    'chap-id': '\\371',
    'chap-challenge': CHALLENGE,
    'link-orig': 'http://example.test/',
    ...changes,
  });
  return `/mikrotik/bath?${query}`;
}

gatewayContract({
  name: 'MikroTik',
  id: 'bath',
  config: () =>
    townConfig((yaml) =>
      yaml.replace(
        'accessPoints:\n',
        `  - id: bath
    kind: mikrotik
    site: square
    hotspot: { loginUrl: http://10.5.50.1/login }
    radius: { clients: [10.5.50.1], secret: ${UAM_SECRET} }
accessPoints:\n`,
      ),
    ),
  redirect: () => mikrotikRedirect(),
  admitsAt: 'http://10.5.50.1/login?',
  forged: () => [
    [
      'a stranger’s login page',
      mikrotikRedirect({ 'link-login-only': 'http://203.0.113.9/login' }),
      'gateway-address-wrong',
    ],
    [
      'one that only begins like ours',
      mikrotikRedirect({ 'link-login-only': 'http://10.5.50.1@evil.example/login' }),
      'gateway-address-wrong',
    ],
    [
      'another path of ours',
      mikrotikRedirect({ 'link-login-only': 'http://10.5.50.1/logout' }),
      'gateway-address-wrong',
    ],
    ['no address at all', mikrotikRedirect({ 'link-login-only': 'login' }), 'gateway-address-wrong'],
    ['no challenge', mikrotikRedirect({ 'chap-challenge': '' }), 'parameters-missing'],
    ['a challenge of fifteen octets', mikrotikRedirect({ 'chap-challenge': CHALLENGE.slice(4) }), 'parameters-invalid'],
    ['an octet that is none', mikrotikRedirect({ 'chap-id': '\\400' }), 'parameters-invalid'],
    ['no device', mikrotikRedirect({ mac: '---' }), 'parameters-invalid'],
  ],
});

function unifiRedirect(changes: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    ap: AP,
    id: DEVICE,
    t: '1795288952',
    url: 'http://example.test/',
    ssid: 'A',
    ...changes,
  });
  return `/guest/s/default/?${query}`;
}

gatewayContract({
  name: 'UniFi',
  id: 'market',
  config: () =>
    townConfig((yaml) =>
      yaml.replace(
        'accessPoints:\n  - { id',
        `  - id: market
    kind: unifi
    site: square
    accessPoints: ['${AP}']
    controller: { url: 'https://localhost:${controller.port}', apiKey: ${KEY}, authority: '${authority.certificate}' }
accessPoints:\n  - { id`,
      ),
    ),
  redirect: () => unifiRedirect(),
  admitsAt: `${PORTAL}/connected?`,
  forged: () => [
    ['a strange access point', unifiRedirect({ ap: '78:8a:20:00:00:01' }), 'access-point-unknown'],
    ['no device', unifiRedirect({ id: '' }), 'parameters-invalid'],
    ['another site', unifiRedirect().replace('/default/', '/other/'), 'unknown-gateway'],
  ],
});
