import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { packageRoot } from '../../runtime/package-root';
import { closeStores, testPortal, townConfig, uamRedirect } from './support/town';

afterAll(closeStores);

const STATEMENT = `
accessibility:
  law: BGG NRW und BITVNRW
  conformance: partial
  limits:
    - { what: { de: 'Ein Video in Gebärdensprache fehlt.', en: 'A video in sign language is missing.' }, reason: disproportionate }
    - what: { de: 'Die Karte ist ein Bild.' }
  preparedOn: 2026-10-01
  reviewedOn: 2026-11-02
  enforcement: { name: 'Ombudsstelle des Landes', url: 'https://ombud.example/', phone: 0211 1 }
`;
const IMPRINT =
  "  imprint: { address: 'Markt 1, 58809 Neuwasser', representedBy: 'Bürgermeister Max Beispiel', vatId: DE1 }\n";
const own = (yaml: string): string => yaml.replace(/ {2}(imprint|accessibility)Url:.*\n/g, '');
const complete = townConfig((yaml) => own(yaml).replace('key:', `${IMPRINT}key:`) + STATEMENT);

describe('the footer of every page', () => {
  test('leads to imprint, accessibility statement, feedback, terms and privacy notice, all of them here', async () => {
    const { app } = await testPortal(townConfig(own));
    for (const path of ['/', '/connected', '/nowhere', '/feedback', '/me']) {
      const { text } = await request(app).get(`${path}?l=en`);
      const footer = text.slice(text.indexOf('<footer>'));
      const links = [...footer.matchAll(/href="([^"]+)"/g)].map(([, href]) => href);
      expect(links).toEqual(
        ['/imprint', '/accessibility', '/feedback', '/terms', '/privacy'].map((to) => `${to}?l=en`),
      );
      for (const href of links) await request(app).get(String(href)).expect(200);
    }
  });

  test('on a visitor’s page names the site, whose texts may be others', async () => {
    const { app } = await testPortal(townConfig(own));
    const { text } = await request(app).get(uamRedirect());
    for (const to of ['imprint', 'accessibility', 'feedback'])
      expect(text).toContain(`href="/${to}?site=square&l=de"`.replace('&', '&amp;'));
  });

  test('leads to the town’s own pages where it has some', async () => {
    const { app } = await testPortal();
    const { text } = await request(app).get('/');
    expect(text).toContain('href="https://www.neuwasser.example/impressum"');
    expect(text).toContain('href="https://www.neuwasser.example/barrierefrei"');
  });
});

describe('the accessibility statement', () => {
  test('says all that the model of (EU) 2018/1523 asks for', async () => {
    const { app } = await testPortal(complete);
    const { text } = await request(app).get('/accessibility').expect(200);
    for (const part of [
      'Diese Erklärung gilt für die Seiten des freien WLAN von Neuwasser an der Lenne unter portal.test',
      'BGG NRW und BITVNRW',
      'teilweise vereinbar',
      'Ein Video in Gebärdensprache fehlt. Das zu ändern wäre eine unverhältnismäßige Belastung.',
      'Die Karte ist ein Bild. Das entspricht noch nicht den Anforderungen.',
      'Erstellt am 1. Oktober 2026.',
      'Zuletzt überprüft am 2. November 2026.',
      'Selbstbewertung',
      'href="/feedback?topic=accessibility&amp;l=de"',
      'Ombudsstelle des Landes',
      '0211 1',
      'href="https://ombud.example/"',
    ])
      expect([part, text.includes(part)]).toEqual([part, true]);
  });

  test('is there in other languages; what is only there in German is marked as German', async () => {
    const { app } = await testPortal(complete);
    const { text } = await request(app).get('/accessibility?l=en').expect(200);
    expect(text).toContain('A video in sign language is missing. To change this would be a disproportionate burden.');
    expect(text).toContain('<span lang="de" dir="ltr">Die Karte ist ein Bild.</span>');
    expect(text).toContain('<span lang="de" dir="ltr">Ombudsstelle des Landes</span>');
  });

  test('says that it is incomplete, and claims nothing, when the town has said nothing', async () => {
    const { app } = await testPortal(townConfig(own));
    const { text } = await request(app).get('/accessibility').expect(200);
    expect(text).toContain('noch nicht vollständig');
    expect(text).not.toContain('vereinbar');
    expect(text).toContain('/feedback?topic=accessibility');
  });
});

test('the imprint is that of the configuration, and says so when there is none', async () => {
  const { app } = await testPortal(complete);
  const { text } = await request(app).get('/imprint').expect(200);
  for (const part of [
    'Neuwasser an der Lenne',
    'Markt 1, 58809 Neuwasser',
    'Bürgermeister Max Beispiel',
    'DE1',
    '02374 1234-0',
  ])
    expect(text).toContain(part);
  const without = await testPortal(townConfig(own));
  expect((await request(without.app).get('/imprint').expect(200)).text).toContain('noch nicht vollständig');
});

describe('texts that the town or a site has written', () => {
  const folder = mkdtempSync(join(tmpdir(), 'texts-'));
  const school = join(folder, 'school');
  beforeAll(() => {
    cpSync(join(packageRoot, 'config', 'terms'), join(folder, 'town'), { recursive: true });
    mkdirSync(join(school, 'de'), { recursive: true });
    writeFileSync(join(folder, 'town', 'de', 'imprint.md'), 'Impressum der Stadt');
    writeFileSync(join(folder, 'town', 'de', 'accessibility-2026-11-22.md'), 'Erklärung ab morgen');
    writeFileSync(join(school, 'de', 'privacy.md'), 'Datenschutz der Schule');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('take the place of ours, of the site before the town, from their day on', async () => {
    const config = townConfig((yaml) =>
      `${own(yaml)}\nterms: { folder: '${join(folder, 'town')}' }\n`.replace(
        'kind: school }',
        `kind: school, terms: { folder: '${school}' } }`,
      ),
    );
    const { app, clock } = await testPortal(config);
    const textOf = async (path: string) => (await request(app).get(path).expect(200)).text;
    expect(await textOf('/imprint')).toContain('Impressum der Stadt');
    expect(await textOf('/imprint?site=school')).toContain('Impressum der Stadt');
    expect(await textOf('/privacy?site=school')).toContain('Datenschutz der Schule');
    expect(await textOf('/privacy?site=square')).not.toContain('Datenschutz der Schule');
    expect(await textOf('/privacy?site=nowhere')).not.toContain('Datenschutz der Schule');
    expect(await textOf('/accessibility')).toContain('noch nicht vollständig');
    clock.step(5 * 3_600_000);
    expect(await textOf('/accessibility')).toContain('Erklärung ab morgen');
  });
});

test('robots stay out of visits and of what belongs to a visitor', async () => {
  const { app } = await testPortal();
  const { text } = await request(app).get('/robots.txt').expect(200);
  for (const path of ['/uam/', '/opennds/', '/guest/', '/connected', '/me'])
    expect(text).toContain(`Disallow: ${path}\n`);
});

test.each(['de', 'en', 'uk', 'ti'])(
  'in %s each of these pages is at most 14,000 octets with its headers',
  async (language) => {
    const { app } = await testPortal(complete);
    for (const path of ['/imprint', '/accessibility', '/feedback', '/privacy', '/terms', '/me', '/connected']) {
      const page = await request(app).get(`${path}?l=${language}`).set('Accept-Encoding', 'gzip').expect(200);
      const headers = Object.entries(page.headers).join('\r\n').length;
      expect(Number(page.headers['content-length']) + headers).toBeLessThanOrEqual(14_000);
    }
  },
);
