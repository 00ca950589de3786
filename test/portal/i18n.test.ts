import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { OWN_TEXTS } from '../../config/documents';
import { LANGUAGES, type Language } from '../../config/schema';
import { stampOf } from '../../config/stamp';
import { DAY, HOUR, MINUTE } from '../../core/time';
import { Format } from '../../portal/i18n/format';
import { chooseLanguage, directionOf } from '../../portal/i18n/language';
import { readGerman, readLocale } from '../../portal/i18n/locales';
import { faultOf } from '../../portal/i18n/translation';
import { loadTexts } from '../../portal/texts';
import { packageRoot } from '../../runtime/package-root';
import { closeStores, NOW, testPortal, townConfig, uamRedirect } from './support/town';

afterAll(closeStores);

const locales = join(packageRoot, 'templates', 'locales');

describe('the language', () => {
  let app: Awaited<ReturnType<typeof testPortal>>['app'];

  beforeAll(async () => {
    app = (await testPortal()).app;
  });

  test.each<[string, Language]>([
    ['uk-UA,uk;q=0.9,ru;q=0.8', 'uk'],
    ['zh-CN,zh;q=0.9', 'de'], // nobody's first choice is there: the town's first language
    ['zh-CN,zh;q=0.9,es-MX;q=0.1', 'es'],
    ['de;q=0.5,tr;q=0.9', 'tr'], // by weight, not by place
    ['en;q=0,fr;q=0.1', 'fr'],
    ['*', 'de'],
    ['', 'de'],
    ['fa-IR', 'fa'],
    ['fa-AF', 'fa-AF'],
    ['prs-AF', 'fa-AF'],
    ['prs', 'fa-AF'],
    ['ku', 'kmr'],
    ['ku-TR', 'kmr'],
    ['kmr-Latn-TR', 'kmr'],
    ['ku-IQ', 'ckb'],
    ['ku-Arab', 'ckb'],
    ['ckb-IR', 'ckb'],
    ['sorani', 'ckb'],
    ['mo', 'ro'],
    ['TI-et', 'ti'],
    ['de-AT', 'de'],
    ['de-simple', 'de-simple'],
    ['x;;q=,=', 'de'],
  ])('for "%s" is %s', async (accepted, expected) => {
    const { headers, text } = await request(app).get('/terms').set('Accept-Language', accepted).expect(200);
    expect(headers['content-language']).toBe(expected);
    expect(text).toContain(`<html lang="${expected}" dir="${directionOf(expected)}">`);
  });

  test('is one that the town offers; Dari readers get Persian where there is no Dari', async () => {
    const offers = townConfig((yaml) => yaml.replace('contact:', 'languages: [de, fa, en]\n  contact:'));
    const smaller = await testPortal(offers);
    const language = async (accepted: string) =>
      (await request(smaller.app).get('/terms').set('Accept-Language', accepted)).headers['content-language'];
    expect(await language('prs,en;q=0.5')).toBe('fa');
    expect(await language('tr,en;q=0.5')).toBe('en');
  });

  test('that a link asks for goes before what the browser asks for; an unknown one does not', async () => {
    const language = async (link: string) =>
      (await request(app).get(`/terms?l=${link}`).set('Accept-Language', 'pl')).headers['content-language'];
    expect(await language('fa-AF')).toBe('fa-AF');
    expect(await language('xx')).toBe('pl');
  });

  test('is chosen without a fault whatever the header says', () => {
    for (const header of ['-', 'a-', 'de-'.repeat(500), ',,,', 'q=1;de', '日本語', `${'a,'.repeat(5000)}de`]) {
      const asked = { url: '/', headers: { 'accept-language': header } };
      expect([undefined, ...LANGUAGES]).toContain(chooseLanguage(asked, LANGUAGES));
    }
  });
});

describe('times and durations', () => {
  test.each<[Language, ...string[]]>([
    ['de', 'Sonntag, 22. November um 07:00', '4 Stunden', '90 Minuten', 'vor 3 Tagen'],
    ['en', 'Sunday 22 November at 07:00', '4 hours', '90 minutes', '3 days ago'],
    ['ar', 'الأحد، 22 نوفمبر في 07:00', '4 ساعات', '90 دقيقة', 'قبل 3 أيام'],
    ['fa', 'یکشنبه 22 نوامبر ساعت 07:00', '4 ساعت', '90 دقیقه', '3 روز پیش'],
    ['ps', 'يونۍ, نومبر 22 په 07:00', '4 ساعته', '90 دقیقې', '3 ورځې مخکې'],
    ['kmr', '22 mijdar, yekşem 07:00', '4 saet', '90 deqîqe', 'berî 3 rojan'],
    ['ckb', 'یەکشەممە، 22ی تشرینی دووەم 07:00', '4 کاتژمێر', '90 خولەک', 'پێش 3 ڕۆژ'],
    ['so', 'Axad, Noofeembar 22 ee 07:00', '4 saacadood', '90 daqiiqo', '3 maalmood kahor'],
    ['ti', 'ሰንበት፣ 22 ሕዳር ሰዓት 07:00', '4 ሰዓታት', '90 ደቒቓታት', 'ቅድሚ 3 መዓልቲ'],
  ])('in %s', (language, ...expected) => {
    const format = new Format(language, 'Europe/Berlin');
    const words = [
      format.moment(NOW + 12 * HOUR, NOW),
      format.duration(4 * HOUR),
      format.duration(90 * MINUTE),
      format.ago(3 * DAY),
    ];
    expect(words.map((word) => word.split(/[\u200e\u200f]/).join(''))).toEqual(expected);
  });

  test('have the digits and the 24 hours of the clocks around the visitor, in every language', () => {
    for (const language of LANGUAGES) {
      const format = new Format(language, 'Europe/Berlin');
      expect(format.moment(NOW, NOW)).toBe('19:00');
      const words = [format.moment(NOW - 400 * DAY, NOW), format.duration(HOUR), format.ago(HOUR), format.percent(0.5)];
      expect(words.join()).not.toMatch(/[٠-٩۰-۹]|Jahr|undefined/);
    }
  });
});

describe('a translation', () => {
  const german = 'Noch {count} Minuten.';
  const current = { text: '{count} more minutes.', of: stampOf(german), reviewed: false };

  test.each([
    ['made from this German text is shown', undefined, current],
    ['that is missing is not', 'missing', undefined],
    ['from another German text is not', 'stale', { ...current, of: stampOf('Noch {count} Stunden.') }],
    ['with other placeholders is not', 'placeholders', { ...current, text: '{n} more minutes.' }],
    ['without a placeholder is not', 'placeholders', { ...current, text: 'More minutes.' }],
    ['as its translator left it is shown, and is to be stamped', 'unstamped', current.text],
  ] as const)('%s', (_, fault, entry) => {
    expect(faultOf(german, entry)).toBe(fault);
  });

  test('is what the German text says: each has the placeholders of the text it was made from', () => {
    const sentences = readGerman(locales);
    for (const language of LANGUAGES.filter((one) => one !== 'de')) {
      const locale = readLocale(locales, language);
      for (const [key, text] of sentences) {
        expect([language, key, faultOf(text, locale.get(key))]).not.toEqual([language, key, 'placeholders']);
      }
    }
  });

  test('exists in English for every German text, and English has no others', () => {
    expect([...readLocale(locales, 'en').keys()].sort()).toEqual([...readGerman(locales).keys()].sort());
  });

  test('that is old gives way to the German text, marked for screen readers but not in attributes and titles', async () => {
    const templates = mkdtempSync(join(tmpdir(), 'templates-'));
    cpSync(join(packageRoot, 'templates'), templates, { recursive: true });
    const locale = Object.fromEntries(readLocale(locales, 'ar'));
    const old = { text: 'قديم', of: '00000000', reviewed: true };
    const own = { ...locale, 'start.how': old, 'start.title': old, footer: old, 'start.sites': 'هل يعمل الآن؟' };
    writeFileSync(join(templates, 'locales', 'ar.json'), JSON.stringify(own));
    const { app } = await testPortal(townConfig(), { templates });
    const { text } = await request(app).get('/?l=ar').expect(200);
    expect(text).toContain('<h2><span lang="de" dir="ltr">So kommen Sie ins Netz</span></h2>');
    expect(text).toMatch(/<h1><span lang="de" dir="ltr">Freies WLAN in Neuwasser an der Lenne<\/span><\/h1>/);
    expect(text).toContain('<h2>هل يعمل الآن؟</h2>');
    expect(text).not.toContain('قديم');
    expect(/<title>.*<\/title>/.exec(text)?.[0]).not.toContain('span');
    expect(/aria-label="([^"]*)"/.exec(text)?.[1]).toBe('\u2066Über dieses Angebot\u2069');
    rmSync(templates, { recursive: true });
  });

  test('from right to left holds telephone numbers, names and the beginnings of addresses together', async () => {
    const templates = mkdtempSync(join(tmpdir(), 'templates-'));
    cpSync(join(packageRoot, 'templates'), templates, { recursive: true });
    writeFileSync(
      join(templates, 'locales', 'fa.json'),
      JSON.stringify({ 'visit.help': 'کمک: {contact} http:// است' }),
    );
    const { app } = await testPortal(townConfig(), { templates });
    const { text } = await request(app).get(`${uamRedirect()}&l=fa`).expect(200);
    expect(text).toContain('کمک: \u206802374 1234-0\u2069 \u2068http://\u2069 است');
    rmSync(templates, { recursive: true });
  });
});

describe('the long texts', () => {
  let folder: string;
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const textsOf = (yaml: string) =>
    loadTexts(townConfig((town) => town.replace('kind: school }', `kind: school, ${yaml} }`)));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'texts-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('say that and where they are German: what is not translated from today’s German text is not shown', () => {
    write('de/2026-11.md', 'Neue Regeln');
    write('tr/2026-11.md', `<!-- of ${stampOf('Neue Regeln')}, reviewed: no -->\n\nYeni kurallar`);
    write('pl/2026-11.md', '<!-- of 00000000, reviewed: yes -->\n\nStare zasady');
    write('nl/2026-11.md', 'Nieuwe regels');
    const town = (more = '') => townConfig((yaml) => `${yaml}\nterms: { folder: '${folder}'${more} }\n`);
    const texts = loadTexts(town());
    expect(texts.terms('tr', '2026-11')).toBe('<p>Yeni kurallar</p>\n');
    expect(texts.terms('pl', '2026-11')).toBe('<div lang="de" dir="ltr"><p>Neue Regeln</p>\n</div>');
    // No translation of another town's terms: the product has English ones, but not of this German text.
    expect(texts.terms('en', '2026-11')).toContain('Neue Regeln');
    expect(texts.terms('nl', '2026-11')).toBe('<p>Nieuwe regels</p>\n');
    expect(texts.document('privacy', 'de', NOW)).toContain('Wer verantwortlich ist');
    expect(loadTexts(town(', reviewedOnly: true')).terms('tr', '2026-11')).toContain('Neue Regeln');
  });

  test('are of the day: the newest that has begun in the town, not in UTC', () => {
    write('de/privacy.md', 'erste');
    write('de/privacy-2026-11-22.md', 'zweite');
    write('de/privacy-2027-01-01.md', 'dritte');
    const texts = textsOf(`terms: { folder: '${folder}' }`);
    const midnight = Date.parse('2026-11-21T23:00:00Z');
    expect(texts.document('privacy', 'de', midnight - 1, 'school')).toContain('erste');
    expect(texts.document('privacy', 'de', midnight, 'school')).toContain('zweite');
    expect(texts.document('privacy', 'de', midnight + 365 * DAY, 'school')).toContain('dritte');
    expect(texts.document('privacy', 'de', NOW, 'square')).toContain('Wer verantwortlich ist');
  });

  test('of a site are its own, as far as it has some', async () => {
    write('de/school-1.md', 'Schulordnung');
    const own = `terms: { folder: '${folder}', versions: [{ version: school-1, validFrom: 2026-11-01 }] }`;
    const texts = textsOf(own);
    expect([texts.versionAt(NOW), texts.versionAt(NOW, 'square'), texts.versionAt(NOW, 'school')]).toEqual([
      '2026-11',
      '2026-11',
      'school-1',
    ]);
    expect(texts.terms('de', 'school-1', 'school')).toContain('Schulordnung');
    expect(texts.document('privacy', 'de', NOW, 'school')).toContain('Wer verantwortlich ist');
    const { app } = await testPortal(townConfig((town) => town.replace('kind: school }', `kind: school, ${own} }`)));
    expect((await request(app).get(uamRedirect('plain')).expect(200)).text).toContain('Schulordnung');
    expect((await request(app).get(uamRedirect()).expect(200)).text).not.toContain('Schulordnung');
  });

  test('that come with the product lie where documents.ts says', () => {
    expect(OWN_TEXTS).toBe(join(packageRoot, 'config', 'terms'));
  });
});
