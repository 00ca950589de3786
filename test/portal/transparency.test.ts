import request from 'supertest';
import { LANGUAGES } from '../../config/schema';
import { DeviceAddress } from '../../core/mac';
import { DAY, HOUR, MINUTE } from '../../core/time';
import type { Store } from '../../store/store';
import { canaries } from '../support/canary';
import { closeStores, NOW, testPortal } from './support/town';

afterAll(closeStores);

const SITES = ['square', 'school', 'shelter'];
const address = (n: number) => `02:11:22:33:44:${n.toString(16).padStart(2, '0')}`;

async function admit(store: Store, count: number, withCredential = false): Promise<string[]> {
  const granted = Array.from({ length: count }, async (_, n) => {
    const device = DeviceAddress.parse(address(n));
    if (device === undefined) throw new Error('not a device address');
    const site = SITES[n % SITES.length] ?? '';
    const of = { termsVersion: '2026-11', language: 'de', now: NOW, expiresAt: NOW + 4 * HOUR, withCredential };
    return (await store.putGrant({ site, gateway: 'plain', device, ...of })).grant.id;
  });
  return Promise.all(granted);
}

/** The sections of the page: heading, and its names and values. */
function sections(html: string): Record<string, Record<string, string>> {
  const plain = (text = ''): string => text.replaceAll(/<[^>]+>/g, '').trim();
  return Object.fromEntries(
    html
      .split('<h2>')
      .slice(1)
      .map((section) => [
        plain(section.split('</h2>')[0]),
        Object.fromEntries(
          [...section.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(([, dt, dd]) => [plain(dt), plain(dd)]),
        ),
      ]),
  );
}

test('what is held is said in tens, with the age of the oldest and its end; of few nobody learns how old they are', async () => {
  const { app, store, clock } = await testPortal();
  const ids = await admit(store, 23);
  await clock.advance(25 * MINUTE);
  const show = async () => (await request(app).get('/transparency?l=en').expect(200)).text;
  const page = await show();
  const held = sections(page);
  expect(held['Acceptances with a device code']).toEqual({
    Number: '20–29',
    'Oldest record': '30 minutes ago',
    Stays: '4 hours at most',
  });
  expect(held.Connections).toEqual({ Number: '0–9', Stays: 'until 5 minutes after it is finished' });
  expect(held['Keys of the codes']).toMatchObject({ Number: '0–9', Stays: '28 hours at most' });
  expect(held['Messages to us']).toEqual({ Number: '0–9', Stays: 'until 30 days after it is finished' });
  expect(held['Sums by place and hour']).toMatchObject({ Stays: '396 days at most' });
  expect(Object.keys(held)).toHaveLength(7);

  const body = page.slice(page.indexOf('<main>'), page.indexOf('</main>'));
  const personal = [...SITES, 'plain', ...ids].map((word) => Buffer.from(word));
  const needles = [...personal, ...Array.from({ length: 23 }, (_, n) => canaries(address(n))).flat()];
  expect(needles.filter((needle) => Buffer.from(body).includes(needle)).map(String)).toEqual([]);

  // Counting takes a while in a large town: whoever loads the page again does not cause it.
  await admit(store, 33);
  expect(sections(await show())['Acceptances with a device code']).toMatchObject({ Number: '20–29' });
  await clock.advance(10 * MINUTE);
  expect(sections(await show())['Acceptances with a device code']).toMatchObject({ Number: '30–39' });
});

test('no record is said to be older than it may be because it has not been swept away yet, and no message says when it came', async () => {
  const { app, store, clock } = await testPortal();
  await admit(store, 12, true);
  const about = { topic: 'other', text: 'Guten Tag', language: 'de', receivedAt: NOW, dueAt: NOW + DAY } as const;
  await store.putFeedback({ reference: 'ABCD-EFGH', ...about }, 10);
  await clock.advance(4 * HOUR + 4 * MINUTE);
  const held = sections((await request(app).get('/transparency?l=en').expect(200)).text);
  expect(held['Acceptances with a device code']).toMatchObject({
    'Oldest record': '4 hours ago',
    Stays: '4 hours at most',
  });
  expect(held['Messages to us']).not.toHaveProperty('Oldest record');

  const other = await testPortal();
  await admit(other.store, 12, true);
  await other.clock.advance(6 * MINUTE);
  const words = sections((await request(other.app).get('/transparency?l=en').expect(200)).text)[
    'Single-use access words'
  ];
  expect(words).toEqual({ Number: '10–19', 'Oldest record': '10 minutes ago', Stays: '10 minutes at most' });
});

test('it says what the last audit found, in every language', async () => {
  const { app, store } = await testPortal();
  const show = async (language: string) => (await request(app).get(`/transparency?l=${language}`).expect(200)).text;
  expect(await show('en')).toContain('It has never been checked.');
  await store.putAudit({ at: NOW - DAY, overdue: [] });
  expect(await show('en')).toMatch(/Last check: Friday.*Nothing was older than allowed\./);
  await store.putAudit({ at: NOW - DAY, overdue: [{ of: 'grant', count: 2 }] });
  expect(await show('en')).toMatch(/class="notice"><p>Last check: Friday.*Something was older than allowed\./);
  for (const language of LANGUAGES) expect(Object.keys(sections(await show(language)))).toHaveLength(7);
});

test('the privacy notice leads to it', async () => {
  const { app } = await testPortal();
  const { text } = await request(app).get('/privacy?l=en').expect(200);
  expect(text).toContain('href="/transparency?l=en"');
  expect((await request(app).get('/terms?l=en').expect(200)).text).not.toContain('/transparency');
});
