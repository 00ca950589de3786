import type { Page } from 'playwright-core';
import type { Language } from '../../config/schema';
import { HOUR } from '../../core/time';
import type { PageName } from '../../portal/pages';
import { schoolWord } from '../../runtime/school-link';
import { type ServedTown, serveTown } from '../portal/support/served-town';

/** Brings a browser to a page in a language. */
type Show = (page: Page, language: Language) => Promise<unknown>;

/** Every page there is, by the name of its template; several where it has several faces. */
export type Shown = Readonly<Record<PageName, readonly Show[]>>;

/** What a town may show besides. */
const MORE = `signLanguageUrl: https://www.neuwasser.example/dgs
  services:
    - { title: { de: Termine im Rathaus, en: Appointments }, url: 'https://termine.neuwasser.example' }
  imprint: { address: 'Rathausplatz 1, 12345 Neuwasser', representedBy: Bürgermeisterin Erika Beispiel, vatId: DE000000000 }
  `;

const STATEMENT = `accessibility:
  law: Behindertengleichstellungsgesetz NRW und BITVNRW
  limits: [{ what: { de: Es gibt noch kein Video in Leichter Sprache. } }]
  preparedOn: 2026-11-01
  enforcement: { name: Ombudsstelle, url: 'https://ombudsstelle.example', email: ombud@land.example, phone: 0211 0000 }
`;

/** Serves towns in which every page can be seen. */
export async function showEverything(): Promise<{ readonly town: ServedTown; readonly shown: Shown }> {
  const town = await serveTown((yaml) =>
    `${STATEMENT}${yaml}`
      .replace(/imprintUrl:.*\n.*accessibilityUrl:.*/, MORE)
      .replace('kind: school }', 'kind: school, servicesBeforeLogin: true, examLink: 1 }'),
  );
  const demo = await serveTown((yaml) => `demo: true\n${yaml}`);
  const later = await serveTown();
  const [connected, over] = [await accept(town), await accept(later)];
  later.clock.step(5 * HOUR);
  const ended = await endedConnection(town);
  const { base, uam } = town;
  const school = `/school/school?k=${schoolWord('0123456789abcdefABCDEF0123456789xyz', 'school', 1)}`;
  const feedback = await hiddenField(`${base}/feedback`, 'form');
  const thanks = { form: feedback, topic: 'accessibility', text: 'Der Knopf ist zu klein.', contact: '' };
  const shown: Shown = {
    visit: [at(uam()), at(uam({ res: 'reject' }))],
    connected: [at(connected), at(over), at(`${base}/connected`)],
    disconnected: [posted(base, '/disconnect', { connection: ended })],
    me: [at(connected.replace('/connected', '/me')), at(`${base}/me`)],
    feedback: [at(`${base}/feedback?topic=accessibility`), posted(base, '/feedback', { ...thanks, text: '' })],
    'feedback-sent': [posted(base, '/feedback', thanks)],
    services: [at(`${base}/services/school`)],
    statement: [at(`${base}/accessibility`)],
    imprint: [at(`${base}/imprint`)],
    message: [at(`${base}/nowhere`), at(uam({ res: 'x' }))],
    status: [at(`${base}/status/school`)],
    school: [at(`${base}${school}`), posted(base, school, { action: 'begin', until: '00:00' })],
    text: [at(`${base}/terms`), at(`${base}/privacy`)],
    start: [at(`${base}/`)],
    demo: [at(`${demo.base}/`)],
  };
  return { town, shown };
}

const withLanguage = (url: string, language: Language): string => `${url}${url.includes('?') ? '&' : '?'}l=${language}`;

function at(url: string): Show {
  return (page, language) => page.goto(withLanguage(url, language));
}

/** What a form leads to, sent from a page of the portal as a browser sends it. */
function posted(base: string, path: string, fields: Readonly<Record<string, string>>): Show {
  return async (page, language) => {
    await page.goto(`${base}/robots.txt`);
    const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
    const form = `<form method="post" action="${withLanguage(path, language)}">${inputs.join('')}</form>`;
    const navigation = page.waitForNavigation();
    await page.evaluate(`document.body.innerHTML = ${JSON.stringify(form)}; document.forms[0].submit()`);
    await navigation;
  };
}

/** Accepts the terms and gives the address of the page that says so. */
async function accept({ base, uam }: ServedTown): Promise<string> {
  const body = new URLSearchParams({ visit: await hiddenField(uam(), 'visit') });
  const { url } = await fetch(`${base}/accept?l=de`, { method: 'POST', body });
  return url.replace(/&l=[\w-]+/, '');
}

/** The word of a connection that has ended already, so that no gateway is asked. */
async function endedConnection(town: ServedTown): Promise<string> {
  const word = new URL(await accept(town)).searchParams.get('c') ?? '';
  const grant = town.portal.town.connections.open(word)?.grant ?? '';
  await town.store.orderEnd({ grant }, town.clock.now());
  return word;
}

async function hiddenField(url: string, name: string): Promise<string> {
  const text = await (await fetch(url)).text();
  return new RegExp(`name="${name}" value="([\\w-]+)"`).exec(text)?.[1] ?? 'none';
}
