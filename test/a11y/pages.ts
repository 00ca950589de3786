import { HOUR } from '../../core/time';
import type { PageName } from '../../portal/pages';
import { schoolWord } from '../../runtime/school-link';
import { type ServedTown, serveTown } from '../portal/support/served-town';

/** What a browser asks for to be shown a page: an address, or a form that is sent there. */
export interface Face {
  readonly url: string;
  readonly form?: Readonly<Record<string, string>>;
}

/** Every page there is, by the name of its template; several where it has several faces. */
export type Shown = Readonly<Record<PageName, readonly Face[]>>;

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

const BLOCKINGS = `blockings:
  - { id: b1, sites: [school], targets: [example.org], reason: Urteil 12 O 34/26, rightsHolder: Sony, from: 2026-11-01, until: 2026-11-30 }
`;

const MAINTENANCE = `maintenance:
  - { id: switch, reason: Neuer Switch, sites: [school], from: 2026-11-23 06:00, until: 2026-11-23 07:00 }
`;

const SCHOOL_KEY = '0123456789abcdefABCDEF0123456789xyz';
const SCHOOL = `/school/school?k=${schoolWord(SCHOOL_KEY, 'school', 1)}`;
const withExamLink = (yaml: string): string =>
  yaml.replace('kind: school }', 'kind: school, servicesBeforeLogin: true, examLink: 1 }');

/** Serves towns in which every page can be seen. */
export async function showEverything(): Promise<{ readonly town: ServedTown; readonly shown: Shown }> {
  const town = await serveTown((yaml) =>
    withExamLink(`${STATEMENT}${yaml}`.replace(/imprintUrl:.*\n.*accessibilityUrl:.*/, MORE)),
  );
  const demo = await serveTown((yaml) => `demo: true\n${yaml}`);
  const later = await serveTown((yaml) => `${yaml}${BLOCKINGS}`);
  const exam = await serveTown((yaml) => withExamLink(`${yaml}${BLOCKINGS}${MAINTENANCE}`));
  const ended = await endedConnection(town);
  const [connected, over] = [await accept(town), await accept(later)];
  later.clock.step(5 * HOUR);
  await exam.store.putExam({ site: 'school', until: exam.clock.now() + HOUR });
  const since = exam.clock.now() - HOUR;
  const parentDown = { state: 'parent-down', since, streak: 0 } as const;
  const now = { id: 'now', reason: 'Neue Firmware', sites: [], accessPoints: ['ap-room'] };
  await exam.store.putMaintenance({ ...now, from: since, to: since + 2 * HOUR });
  await exam.store.putHealth('ap-hall', parentDown, { kind: 'open', from: since, cause: 'uplink' });
  const { base, uam } = town;
  const form = await hiddenField(`${base}/feedback`, 'form');
  const thanks = { form, topic: 'accessibility', text: 'Der Knopf ist zu klein.', contact: '' };
  const shown: Shown = {
    visit: [{ url: uam() }, { url: uam({ res: 'reject' }) }, { url: later.uam() }],
    connected: [{ url: connected }, { url: over }, { url: `${base}/connected` }],
    disconnected: [{ url: `${base}/disconnect`, form: { connection: ended } }],
    me: [{ url: connected.replace('/connected', '/me') }, { url: `${base}/me` }],
    feedback: [
      { url: `${base}/feedback?topic=accessibility` },
      { url: `${base}/feedback`, form: { ...thanks, text: '' } },
    ],
    'feedback-sent': [{ url: `${base}/feedback`, form: thanks }],
    services: [{ url: `${base}/services/school` }],
    statement: [{ url: `${base}/accessibility` }],
    imprint: [{ url: `${base}/imprint` }],
    message: [{ url: `${base}/nowhere` }, { url: uam({ res: 'x' }) }, { url: exam.uam() }],
    status: [{ url: `${base}/status/school` }, { url: `${exam.base}/status/school` }],
    school: [
      { url: base + SCHOOL },
      { url: base + SCHOOL, form: { do: 'begin', until: '00:00' } },
      { url: exam.base + SCHOOL },
    ],
    text: [{ url: `${base}/terms` }, { url: `${base}/privacy` }],
    transparency: [{ url: `${base}/transparency` }],
    start: [{ url: `${base}/` }],
    demo: [{ url: `${demo.base}/` }],
  };
  return { town, shown };
}

/** Accepts the terms and gives the address of the page that says so. */
async function accept({ base, uam, clock }: ServedTown): Promise<string> {
  // A page of its own each time: one that was accepted opens nothing more.
  clock.step(1);
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
