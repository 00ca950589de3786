import request from 'supertest';
import { closeStores, testPortal, uamRedirect } from './support/town';

afterAll(closeStores);

test.each<[string, 'get' | 'post', string, number]>([
  ['the first page', 'get', '/', 200],
  ['the terms before a visitor', 'get', uamRedirect(), 200],
  ['a redirect that is refused', 'get', uamRedirect('town-hall', { uamip: '203.0.113.9' }), 400],
  ['a gateway that is not there', 'get', '/uam/nobody', 400],
  ['a UniFi site that is not there', 'get', '/guest/s/nobody/?id=1&ap=2', 400],
  ['a page that is not there', 'get', '/nowhere', 404],
  ['an address that cannot be read', 'get', '/%ff', 404],
  ['the state of a site', 'get', '/status/square', 200],
  ['a form without a visit', 'post', '/accept', 400],
  ['a form that is too big', 'post', '/accept', 413],
  ['the end of nobody’s connection', 'post', '/disconnect', 400],
])('%s carries the security headers, and its policy allows nothing inline', async (what, method, path, status) => {
  const { app } = await testPortal();
  const body = what === 'a form that is too big' ? `visit=${'a'.repeat(20_000)}` : 'visit=x';
  const sent = request(app)[method](path);
  const { headers, status: answered } = await (method === 'post' ? sent.type('form').send(body) : sent);
  const policy = String(headers['content-security-policy']);
  expect([what, answered]).toEqual([what, status]);
  expect(policy).toMatch(/^default-src 'none';style-src 'sha256-[\w+/=]+';/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': expect.stringMatching(/same-origin|no-referrer/),
    'cache-control': expect.any(String),
  });
  expect(headers['x-powered-by']).toBeUndefined();
});
