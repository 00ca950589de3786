import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import request from 'supertest';
import { chapPassword } from '../../portal/gateways/mikrotik';
import { papPassword } from '../../portal/gateways/uam';
import { closeTowns, serve } from './support/served-town';
import { testPortal, townConfig, UAM_SECRET, uamRedirect, visitField } from './support/town';

afterAll(closeTowns);

const CHALLENGE = '6404e33836ce57634cd31263be711b9e';

async function admitted(config: ReturnType<typeof townConfig>, redirect: string) {
  const { app, store } = await testPortal(config);
  const answer = await request(app)
    .post('/accept')
    .type('form')
    .send({ visit: await visitField(app, redirect) })
    .expect(303);
  const target = new URL(String(answer.headers.location));
  const name = target.searchParams.get('username') ?? '';
  return { target, password: store.credentialPassword(name) };
}

describe('UAM', () => {
  test.each([
    ['notyet', 200, 'action="/accept'],
    ['success', 200, 'verbunden'],
    ['already', 200, 'verbunden'],
    ['failed', 200, 'Das hat nicht geklappt.'],
    ['reject', 200, 'Das hat nicht geklappt.'],
    ['logoff', 200, 'Sie sind abgemeldet.'],
    ['timeout', 200, 'Ihre Zeit ist abgelaufen.'],
    ['challenge', 200, 'action="/accept'],
  ])('res=%s lands on a page that fits', async (res, status, words) => {
    const { app } = await testPortal();
    const page = await request(app).get(uamRedirect('town-hall', { res }));
    expect(page.status).toBe(status);
    expect(page.text.includes(words)).toBe(true);
  });

  test.each([
    ['an address that was set up with a slash at its end', (path: string) => path.replace('?', '/?')],
    ['the whole address, as a proxy sends it', (path: string) => `http://portal.test:8080${path}`],
  ])('%s leads to the same page', async (_, written) => {
    const { app } = await testPortal();
    const port = await serve(() => app);
    const status = await new Promise((resolve, reject) => {
      get({ port, path: written(uamRedirect('plain')) }, (answer) => resolve(answer.resume().statusCode)).on(
        'error',
        reject,
      );
    });
    expect(status).toBe(200);
  });

  test('every parameter that the two gateways may add is let pass', async () => {
    const { app } = await testPortal();
    const more = {
      ...{
        starttime: '1',
        sessiontime: '2',
        sessiontimeout: '3',
        stoptime: '4',
        uid: 'u',
        timeleft: '60',
        reply: 'no',
      },
      ...{ ssid: 'Stadt', vlan: '7', loc: 'x', lang: 'de', ssl: 'https://10.1.0.1:3991/', redirurl: 'http%3a%2f%2fa' },
    };
    await request(app).get(uamRedirect('town-hall', more)).expect(200);
  });

  test('PAP: the password XOR the key, filled up to 16 octets; in the clear without a UAM secret [facts: nas B2, C]', async () => {
    const key = createHash('md5').update(Buffer.from(CHALLENGE, 'hex')).update('s').digest();
    const undo = (hex: string) =>
      Buffer.from(Buffer.from(hex, 'hex').map((octet, i) => octet ^ (key[i % 16] ?? 0))).toString('latin1');
    expect(undo(papPassword('pw', CHALLENGE, 's'))).toBe(`pw${'\0'.repeat(14)}`);
    expect(undo(papPassword('p'.repeat(31), CHALLENGE, 's'))).toBe(`${'p'.repeat(31)}\0`);
    expect(papPassword('pw', CHALLENGE, undefined)).toBe('pw');

    const config = townConfig((yaml) => yaml.replace('port: 3990, secret', 'port: 3990, login: pap, secret'));
    const { target, password } = await admitted(config, uamRedirect());
    expect(target.searchParams.get('password')).toBe(papPassword(password, CHALLENGE, UAM_SECRET));
    expect(target.searchParams.has('response')).toBe(false);
  });

  test('over TLS where the gateway offers it, and only at the configured address', async () => {
    const config = townConfig((yaml) =>
      yaml.replace('port: 3990, secret', 'port: 3990, sslUrl: https://hotspot.example:3991, secret'),
    );
    const { target } = await admitted(config, uamRedirect('town-hall', { ssl: 'https://hotspot.example:3991/' }));
    expect(target.origin).toBe('https://hotspot.example:3991');
    const { app } = await testPortal(config);
    await request(app)
      .get(uamRedirect('town-hall', { ssl: 'https://evil.example/' }))
      .expect(400);
  });
});

describe('MikroTik', () => {
  const redirect = (changes: Record<string, string> = {}) =>
    `/mikrotik/bath?${new URLSearchParams({
      'link-login-only': 'http://10.5.50.1/login',
      mac: '02:11:22:33:44:55',
      'chap-id': '\\371',
      'chap-challenge': '\\357\\015\\330\\013\\021\\234\\145\\245\\303\\253\\142\\246\\133\\175\\375\\316',
      'link-orig': 'http://example.test/',
      ...changes,
    })}`;
  const config = (login: string) =>
    townConfig((yaml) =>
      yaml.replace(
        'accessPoints:\n',
        `  - id: bath
    kind: mikrotik
    site: square
    hotspot: { loginUrl: http://10.5.50.1/login, login: ${login} }
    radius: { clients: [10.5.50.1], secret: ${UAM_SECRET} }
accessPoints:\n`,
      ),
    );

  test('CHAP: MD5 of the identifier, the password and the challenge, read from octal escapes', async () => {
    const { target, password } = await admitted(config('chap'), redirect());
    const octets = Buffer.from('f9ef0dd80b119c65a5c3ab62a65b7dfdce', 'hex');
    const expected = createHash('md5')
      .update(Buffer.concat([octets.subarray(0, 1), Buffer.from(password), octets.subarray(1)]))
      .digest('hex');
    expect(target.origin + target.pathname).toBe('http://10.5.50.1/login');
    expect(target.searchParams.get('password')).toBe(expected);
    expect(target.searchParams.get('dst')).toContain('/connected?t=');
    expect(chapPassword(password, octets)).toBe(expected);
  });

  test('PAP: the password itself', async () => {
    const { target, password } = await admitted(config('pap'), redirect({ 'chap-id': '', 'chap-challenge': '' }));
    expect(target.searchParams.get('password')).toBe(password);
  });

  test('who was turned away is told so, and who logged out, too', async () => {
    const { app } = await testPortal(config('chap'));
    const rejected = await request(app)
      .get(redirect({ error: '1' }))
      .expect(200);
    expect(rejected.text.includes('Das hat nicht geklappt.')).toBe(true);
    const ended = await request(app).get('/mikrotik/bath?state=ended').expect(200);
    expect(ended.text.includes('Sie sind abgemeldet.')).toBe(true);
  });

  test('the pages for the router send on what the portal reads, without script and without the device’s IP address', () => {
    const folder = join(__dirname, '../../deploy/mikrotik');
    const pages = readdirSync(folder).filter((file) => file.endsWith('.html'));
    expect(pages.toSorted()).toEqual(['alogin.html', 'login.html', 'logout.html']);
    const login = readFileSync(join(folder, 'login.html'), 'utf8');
    for (const variable of ['link-login-only', 'mac', 'chap-id', 'chap-challenge', 'link-orig', 'error', 'identity']) {
      expect(login).toMatch(new RegExp(`${variable}=|if ${variable}`));
    }
    for (const page of pages)
      expect(readFileSync(join(folder, page), 'utf8')).not.toMatch(/<script|\$\(ip|\$\(username/);
  });
});
