import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { LANGUAGES } from '../../config/schema';
import type { Health, OutageChange } from '../../core/health';
import { DAY, HOUR } from '../../core/time';
import { PortalRole } from '../../portal/role';
import { silentLog } from '../../runtime/log';
import { createMetrics } from '../../runtime/metrics';
import { packageRoot } from '../../runtime/package-root';
import { systemRandom } from '../../runtime/random';
import { schoolWord, statusWord } from '../../runtime/school-link';
import {
  closeStores,
  NOW,
  openndsRedirect,
  schoolFault,
  testPortal,
  townConfig,
  uamRedirect,
  visitField,
} from './support/town';

afterAll(closeStores);

const ROUTES = [
  uamRedirect(),
  uamRedirect('town-hall', { res: 'reject' }),
  openndsRedirect(),
  '/uam/town-hall?res=x',
  '/connected',
  '/status/school',
  '/',
  '/terms',
  '/privacy',
  '/nowhere',
];

const withLanguage = (path: string, language: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}l=${language}`;

/** Everything a server sends for a page, headers included. */
async function octetsOf(server: Server, path: string, encoding: string): Promise<number> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: portal.test\r\nAccept-Encoding: ${encoding}\r\nConnection: close\r\n\r\n`,
  );
  await once(socket.resume(), 'end');
  return socket.bytesRead;
}

describe('every page', () => {
  test.each(['de', 'en'])(
    'in %s: no script, cookie or foreign request; language, direction and policy set',
    async (language) => {
      const { app, store } = await testPortal();
      await schoolFault(store);
      for (const path of ROUTES) {
        const page = await request(app).get(withLanguage(path, language));
        expect(page.headers).not.toHaveProperty('set-cookie');
        expect(page.text).not.toMatch(/<script|<img|<iframe|@import|src=|javascript:|mailto:|target=| on\w+=| style=/i);
        expect(page.text).toMatch(new RegExp(`^\\s*<!DOCTYPE html>\\s*<html lang="${language}" dir="ltr">`));
        const policy = String(page.headers['content-security-policy']);
        expect(policy).toContain("default-src 'none'");
        expect(policy).not.toContain('unsafe');
        expect(page.headers.vary).toContain('Accept-Language');
        expect(page.text.includes('The German text is binding')).toBe(
          language === 'en' && /name="visit"|class="text"/.test(page.text),
        );
      }
    },
  );

  test('a visitor’s page is never kept, and its form may lead to its own gateway only', async () => {
    const { app } = await testPortal();
    const page = await request(app).get(uamRedirect());
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.headers['content-security-policy']).toContain(
      "form-action 'self' http://portal.test:8080 http://10.1.0.1:3990;",
    );
    expect(page.headers['strict-transport-security']).toBeUndefined();
  });

  test.each(LANGUAGES)('the first view in %s is at most 14,000 octets with its headers', async (language) => {
    const { app } = await testPortal();
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    for (const encoding of ['br', 'gzip']) {
      const octets = await octetsOf(server, withLanguage(uamRedirect(), language), encoding);
      expect(octets).toBeGreaterThan(1_000);
      expect(octets).toBeLessThanOrEqual(14_000);
    }
    server.close();
  });

  test('the language is what the link asks, else what the browser asks, else the town’s first', async () => {
    const { app } = await testPortal();
    const title = async (path: string, accept?: string): Promise<string> => {
      const page = await request(app)
        .get(path)
        .set(accept === undefined ? {} : { 'Accept-Language': accept });
      return String(page.headers['content-language']);
    };
    expect(await title(uamRedirect())).toBe('de');
    expect(await title(uamRedirect(), 'en-GB,en;q=0.9,de;q=0.5')).toBe('en');
    expect(await title(uamRedirect(), 'fi')).toBe('de');
    expect(await title(`${uamRedirect()}&l=en`, 'de')).toBe('en');
  });

  test('another language keeps the visit, what went wrong and the time to read it; a forged one is refused', async () => {
    const { app, clock } = await testPortal();
    const visit = await visitField(app, uamRedirect('town-hall', { res: 'reject' }));
    const again = `/visit?l=en&visit=${visit}`;
    const page = await request(app).get(again).expect(200);
    expect(page.text).toContain('<html lang="en"');
    expect(page.text).toContain('class="notice"');
    expect(await visitField(app, again)).not.toBe('no form');
    await request(app).get('/visit?l=en&visit=forged').expect(400);
    await request(app).get('/visit').expect(400);
    clock.step(2 * HOUR + 1);
    await request(app).get(again).expect(400);
  });

  test('all that must be read stands before the button', async () => {
    const { app } = await testPortal();
    const { text } = await request(app).get(uamRedirect());
    expect(text.lastIndexOf('</details>')).toBeLessThan(text.indexOf('<button'));
    expect(text.slice(text.indexOf('<button'))).toContain('Impressum');
  });
});

test.each([
  ['is asked for where every visitor comes by https', /.*id: library.*\n/, 'max-age=31536000'],
  ['is taken back where openNDS sends visitors to another port by http [RFC 6797 8.3]', 'nothing', 'max-age=0'],
])('HSTS %s', async (_, without, expected) => {
  const https = (yaml: string): string =>
    yaml.replace(/url: '.*'/, "url: 'https://wlan.example', trustProxy: 1").replace(without, '');
  const { app } = await testPortal(townConfig(https));
  const proxied = { Host: 'wlan.example', 'X-Forwarded-Proto': 'https' };
  const { headers } = await request(app).get('/connected').set(proxied).expect(200);
  expect(headers['strict-transport-security']).toBe(expected);
});

describe('status', () => {
  test('says what works, since when, and each access point', async () => {
    const { app, store } = await testPortal();
    await schoolFault(store);
    const { text } = await request(app).get('/status/school').expect(200);
    expect(text).toContain('Das WLAN funktioniert teilweise');
    expect(text).toContain('1 von 3 Zugangspunkten');
    expect(text).toContain('ausgefallen seit 15:00');
    expect(text).toContain('94,4');
    const { body } = await request(app).get('/status/school.json').expect(200);
    expect(body).toMatchObject({
      state: 'partly',
      since: '2026-11-21T14:00:00.000Z',
      checkedAt: '2026-11-21T18:00:00.000Z',
    });
    expect(body.accessPoints).toHaveLength(3);
    expect(JSON.stringify(body)).not.toMatch(/client|visitor|session|127\.0\.0\.1/);
  });

  test('calls old data old', async () => {
    const { app, store, clock } = await testPortal();
    await schoolFault(store);
    clock.step(5 * HOUR);
    const { text } = await request(app).get('/status/school').expect(200);
    expect(text).toContain(
      'Diese Angaben sind alt: Zuletzt wurde vor 5 Stunden geprüft (Samstag, 21. November um 19:00)',
    );
    expect((await request(app).get('/status/school.json')).body).toMatchObject({ state: 'unknown', since: null });
  });

  test.each([
    ['de', 'Zuletzt wurde vor 2 Tagen geprüft'],
    ['en', 'the last check was 2 days ago'],
  ])('says in good %s how many days old they are', async (language, sentence) => {
    const { app, store, clock } = await testPortal();
    await schoolFault(store);
    clock.step(50 * HOUR);
    expect((await request(app).get(`/status/school?l=${language}`).expect(200)).text).toContain(sentence);
  });

  test('does not say that all work while one has never answered, and names the year if it is another', async () => {
    const { app, store } = await testPortal();
    await store.watch(NOW - HOUR, HOUR);
    await store.watch(NOW, 2 * HOUR);
    await store.putHealth('ap-gym', { state: 'up', since: NOW - 400 * DAY, streak: 0, lastSeenAt: NOW });
    const { text } = await request(app).get('/status/school').expect(200);
    expect(text).not.toContain('Alle Zugangspunkte');
    expect(text).toContain('In Betrieb: 1 von 3 Zugangspunkten, seit 17. Oktober 2025 um 20:00');
  });

  test('counts opening hours only, names planned work, and says the same as JSON', async () => {
    const rules = "rules: { openingHours: [{ days: [mo, tu, we, th, fr], from: '07:30', to: '16:00' }] }";
    const { app, store } = await testPortal(
      townConfig(
        (yaml) => `${yaml.replace('kind: school', `kind: school, ${rules}`)}
maintenance:
  - { id: switch, reason: Neuer Switch, sites: [school], from: 2026-11-23 06:00, until: 2026-11-23 07:00 }
`,
      ),
    );
    await schoolFault(store);
    await store.putMaintenance({
      ...{ id: 'now', reason: 'Neue Firmware', sites: [], accessPoints: ['ap-hall'] },
      ...{ from: NOW - HOUR, to: NOW + HOUR },
    });
    const { text } = await request(app).get('/status/school').expect(200);
    expect(text).toContain('Gezählt werden nur die Öffnungszeiten.');
    expect(text).toContain('Jetzt bis 20:00: Neue Firmware');
    expect(text).toContain('Von Montag, 23. November um 06:00 bis Montag, 23. November um 07:00: Neuer Switch');
    expect(text).toContain('geplante Arbeiten seit 18:00');
    const { body } = await request(app).get('/status/school.json').expect(200);
    // A Saturday: the school was closed until Friday 16:00, and one of three failed at 15:00 today.
    expect(body.availability).toMatchObject({ within: 'opening-hours', last24Hours: { upRatio: null } });
    expect(body.availability.last12Months.upRatio).toBeGreaterThan(0.98);
    expect(body.maintenance).toEqual([
      { from: '2026-11-21T17:00:00.000Z', until: '2026-11-21T19:00:00.000Z', reason: 'Neue Firmware' },
      { from: '2026-11-23T05:00:00.000Z', until: '2026-11-23T06:00:00.000Z', reason: 'Neuer Switch' },
    ]);
  });

  test.each<[string, Health, OutageChange, string]>([
    [
      'its uplink',
      { state: 'parent-down', since: NOW - HOUR, streak: 0 },
      { kind: 'open', from: NOW - HOUR, cause: 'uplink' },
      'nicht erreichbar seit 18:00: Die Leitung dorthin ist gestört',
    ],
    [
      'its agent',
      { state: 'down', cause: 'agent', since: NOW - HOUR, streak: 0 },
      { kind: 'open', from: NOW - HOUR, cause: 'agent' },
      'Zustand unklar seit 18:00',
    ],
  ])('an access point that is silent because of %s is not called broken', async (_, health, change, sentence) => {
    const { app, store } = await testPortal();
    await schoolFault(store);
    await store.putHealth('ap-hall', health, change);
    expect((await request(app).get('/status/school').expect(200)).text).toContain(sentence);
  });

  test('that is not public is shown by its link only, and stays out of shared caches', async () => {
    const { app } = await testPortal(
      townConfig((yaml) => yaml.replace('statusPage: none', 'statusPage: none, statusLink: 2')),
    );
    const key = '0123456789abcdefABCDEF0123456789xyz';
    const at = (path: string, number: number, site = 'shelter') =>
      `${path}?${new URLSearchParams({ k: statusWord(key, site, number), l: 'en' })}`;
    const page = await request(app).get(at('/status/shelter', 2)).expect(200);
    expect(page.headers['cache-control']).toBe('private, no-store');
    const json = /href="(\/status\/shelter\.json[^"]*)"/.exec(page.text)?.[1] ?? '';
    expect((await request(app).get(json).expect(200)).body.site).toBe('shelter');
    const languages = [...page.text.matchAll(/href="([^"]*l=de[^"]*)"/g)].map(([, href]) =>
      href?.replaceAll('&amp;', '&'),
    );
    for (const href of languages)
      await request(app)
        .get(String(new URL(String(href), 'http://x/status/shelter')).slice(8))
        .expect(200);
    for (const path of ['/status/shelter', '/status/shelter.json']) {
      for (const wrong of [path, `${path}?k=`, at(path, 1), at(path, 2, 'school')])
        await request(app).get(wrong).expect(404);
    }
    await request(app)
      .get(`/status/shelter?k=${schoolWord(key, 'shelter', 2)}`)
      .expect(404);
  });

  test('is a page for sites that want one, and 404 for the others', async () => {
    const { app } = await testPortal();
    await request(app).get('/status/shelter').expect(404);
    await request(app).get('/status/shelter.json').expect(404);
    await request(app).get('/status/nowhere').expect(404);
    const start = await request(app).get('/').expect(200);
    expect(start.text).toContain('/status/school');
    expect(start.text).not.toContain('shelter');
  });
});

test('the start page of the demo leads to the gateways, a status page and the metrics, and is marked', async () => {
  const { app } = await testPortal(townConfig((yaml) => `demo: true\n${yaml}`));
  const { text } = await request(app).get('/').expect(200);
  expect(text).toContain('Vorführung');
  expect(text).toContain('href="http://127.0.0.1:3990/"');
  expect(text).toContain('href="http://127.0.0.1:9180/metrics"');
});

test('robots stay out of visits', async () => {
  const { app } = await testPortal();
  expect((await request(app).get('/robots.txt').expect(200)).text).toContain('Disallow: /uam/');
});

describe('texts and templates', () => {
  const folder = join(packageRoot, 'templates');
  const locale = (name: string): Record<string, string> =>
    JSON.parse(readFileSync(join(folder, 'locales', `${name}.json`), 'utf8'));

  test('every key that a template names exists', () => {
    const keys = locale('de');
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.ejs'))) {
      for (const [, key] of readFileSync(join(folder, file), 'utf8').matchAll(/\bt\('([\w.-]+)'[,)]/g)) {
        expect(keys).toHaveProperty([key ?? '']);
      }
    }
  });

  test.each<[string, string, string | undefined, string]>([
    ['a missing template', 'visit.ejs', undefined, 'TEMPLATE_MISSING'],
    ['a broken template', 'status.ejs', '<% if (', 'TEMPLATE_BROKEN'],
    ['a missing locale', 'locales/en.json', undefined, 'LOCALE_BROKEN'],
    [
      'a locale with a stamp that is none',
      'locales/en.json',
      '{"wifi":{"text":"x","of":"y","reviewed":true}}',
      'LOCALE_BROKEN',
    ],
  ])('%s stops the start with one sentence naming the file', async (_, file, content, code) => {
    const copy = mkdtempSync(join(tmpdir(), 'templates-'));
    cpSync(folder, copy, { recursive: true });
    if (content === undefined) rmSync(join(copy, file));
    else writeFileSync(join(copy, file), content);
    await expect(testPortal(townConfig(), { templates: copy })).rejects.toEqual(
      expect.objectContaining({ code, message: expect.stringContaining(join(copy, file)) }),
    );
    rmSync(copy, { recursive: true });
  });

  test('a text of the town that wants a value nobody has is named with the placeholder', async () => {
    const own = mkdtempSync(join(tmpdir(), 'terms-'));
    cpSync(join(packageRoot, 'config', 'terms'), own, { recursive: true });
    const file = join(own, 'de', '2026-11.md');
    writeFileSync(file, 'Ansprechperson: {name}');
    const config = townConfig((yaml) => `${yaml}\nterms: { folder: '${own}' }\n`);
    await expect(testPortal(config)).rejects.toEqual(
      expect.objectContaining({
        code: 'TEXT_PLACEHOLDER',
        message: expect.stringContaining(`${file} contains {name}`),
      }),
    );
    rmSync(own, { recursive: true });
  });

  test('a version of the terms without a text stops the start; at a reload the last good texts stay', async () => {
    const later = {
      ...townConfig(),
      terms: { ...townConfig().terms, versions: [{ version: '2027-01', validFrom: '2027-01-01', reaccept: true }] },
    };
    await expect(testPortal(later)).rejects.toEqual(expect.objectContaining({ code: 'TEXT_MISSING' }));
    const { app, live } = await testPortal();
    live.exchange(later);
    await request(app).get(uamRedirect()).expect(200);
  });
});

test('the role does nothing until it starts, then serves, counts, and stops', async () => {
  const { live, store, clock } = await testPortal(
    townConfig((yaml) => yaml.replace('portal: { url:', 'portal: { listen: { host: 127.0.0.1, port: 0 }, url:')),
  );
  const registry = createMetrics();
  const role = new PortalRole({ config: live, store, clock, random: systemRandom, log: silentLog, registry });
  expect(role.notReady()).toBeDefined();
  await role.start();
  expect(role.notReady()).toBeUndefined();
  expect(await registry.metrics()).toContain('stadtfunk_portal_grants_total{site="school"} 0');
  const page = await fetch(`http://127.0.0.1:${role.port}/`);
  expect(page.status).toBe(200);
  await page.text();
  await role.stop();
  await expect(fetch(`http://127.0.0.1:${role.port}/`)).rejects.toThrow();
});
