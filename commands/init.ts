import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { formatMistake, loadConfig, parseConfig } from '../config/load';
import { type Config, LANGUAGES } from '../config/schema';
import { errnoOf, OperatorError } from '../core/errors';
import { type Random, systemRandom } from '../runtime/random';
import { gatewaySetup } from './gateway-setup';
import { type Answers, type NewTown, newTown, slug } from './new-town';

export interface InitIo {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

interface Question {
  readonly about: keyof Answers;
  readonly text: string;
  /** What Enter means, given the answers so far; undefined if there must be an answer. */
  readonly preset: (answers: Answers) => string | undefined;
  /** Where the answer ends up: mistakes there are mistakes of the answer. */
  readonly path: string;
}

const QUESTIONS: readonly Question[] = [
  { about: 'town', text: 'Name of the town', preset: () => undefined, path: 'town.name' },
  {
    about: 'portal',
    text: 'Address at which visitors reach the portal',
    preset: ({ town }) => `https://wlan.${slug(town) ?? 'example'}.de`,
    path: 'portal.url',
  },
  { about: 'site', text: 'First place with Wi-Fi', preset: () => 'Rathaus', path: 'sites[0]' },
  {
    about: 'gateway',
    text: 'Its gateway: uspot, coovachilli, opennds, mikrotik or unifi',
    preset: () => 'uspot',
    path: 'gateways[0].kind',
  },
  { about: 'languages', text: 'Languages of the pages', preset: () => LANGUAGES.join(', '), path: 'town.languages' },
  {
    about: 'contact',
    text: 'E-mail address for visitors',
    preset: ({ town }) => `wlan@${slug(town) ?? 'example'}.de`,
    path: 'town.contact.email',
  },
];

/** Stands for what has not been asked yet, so that each answer can be checked by the whole schema. */
const NOT_YET: Answers = {
  town: 'Musterstadt',
  portal: 'https://wlan.example.de',
  site: 'Rathaus',
  gateway: 'uspot',
  languages: 'de',
  contact: 'wlan@example.de',
};

/**
 * `stadtfunk init [FILE]`: asks six questions, writes the configuration with fresh secrets beside it, and says what to
 * do next. Answers may also be piped in, one a line. Nothing is written before the last answer.
 * @returns the exit code: 0, or 1 if the input ended early
 * @throws OperatorError INIT_EXISTS, INIT_UNWRITABLE
 */
export async function init(file: string, { input, output }: InitIo, random: Random = systemRandom): Promise<number> {
  refuseExisting(file);
  refuseUnwritable(file);
  const answers = await ask(input, output, dirname(resolve(file)));
  if (answers === undefined) {
    output.write('\nThe input ended before all questions were answered. Nothing was written.\n');
    return 1;
  }
  const town = newTown(answers);
  write(file, town, random);
  const loaded = loadConfig(file);
  if (!loaded.ok) {
    output.write(loaded.mistakes.map((mistake) => `${formatMistake(file, mistake)}\n`).join(''));
    return 1;
  }
  output.write(nextSteps(file, town, loaded.config, random));
  return 0;
}

async function ask(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  folder: string,
): Promise<Answers | undefined> {
  const reader = createInterface({ input });
  // The iterator keeps lines that arrive before their question, as piped ones do.
  const lines = reader[Symbol.asyncIterator]();
  try {
    let answers = NOT_YET;
    for (const question of QUESTIONS) {
      const preset = question.preset(answers);
      let problem: string | undefined;
      do {
        output.write(`${question.text}${preset === undefined ? '' : ` [${preset}]`}: `);
        const line = await lines.next();
        if (line.done) return undefined;
        answers = { ...answers, [question.about]: line.value.trim() || (preset ?? '') };
        problem = mistakeIn(answers, question, folder);
        if (problem !== undefined) output.write(`  ${problem}\n`);
      } while (problem !== undefined);
    }
    return answers;
  } finally {
    reader.close();
  }
}

/** What is wrong with an answer, by the schema itself. */
function mistakeIn(answers: Answers, { path }: Question, folder: string): string | undefined {
  const parsed = parseConfig(newTown(answers).text, folder);
  const mistake = parsed.ok ? undefined : parsed.mistakes.find((it) => it.path.startsWith(path));
  return mistake && `${mistake.message} ${mistake.remedy}`;
}

function refuseExisting(file: string): void {
  if (!existsSync(file)) return;
  throw new OperatorError('INIT_EXISTS', `${file} exists already.`, 'Give another name, or move it away first.');
}

/** Before the first question: nobody wants to hear it after the last. */
function refuseUnwritable(file: string): void {
  const folder = dirname(resolve(file));
  const { keyFile } = newTown(NOT_YET);
  refuseExisting(join(folder, keyFile));
  const secretFolder = join(folder, dirname(keyFile));
  try {
    // Whether one may is best seen by doing it: permissions are not all that can be in the way.
    for (const one of existsSync(secretFolder) ? [folder, secretFolder] : [folder]) {
      rmdirSync(mkdtempSync(join(one, '.stadtfunk-')));
    }
  } catch (error) {
    throw unwritable(file, error);
  }
}

function unwritable(file: string, cause: unknown): OperatorError {
  return new OperatorError(
    'INIT_UNWRITABLE',
    `Cannot write ${file} and its secrets (${errnoOf(cause) ?? String(cause)}).`,
    'Choose a folder that exists and in which this user may write.',
    { cause },
  );
}

function write(file: string, { text, keyFile, sharedSecretFiles }: NewTown, random: Random): void {
  const folder = dirname(resolve(file));
  const secrets = [
    { name: join(folder, keyFile), value: random.bytes(32).toString('hex') },
    // Hexadecimal digits need no quoting in any gateway's configuration; openNDS uses the first 32 characters.
    ...sharedSecretFiles.map((name) => ({ name: join(folder, name), value: random.bytes(16).toString('hex') })),
  ];
  for (const { name } of secrets) refuseExisting(name);
  try {
    const secretFolder = join(folder, dirname(keyFile));
    if (!existsSync(secretFolder)) mkdirSync(secretFolder);
    chmodSync(secretFolder, 0o700);
    for (const { name, value } of secrets) writeFileSync(name, `${value}\n`, { mode: 0o600, flag: 'wx' });
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw unwritable(file, error);
  }
}

function nextSteps(file: string, { keyFile, sharedSecretFiles }: NewTown, config: Config, random: Random): string {
  const gateway = config.gateways[0];
  const setup = gateway && gatewaySetup(gateway, config, random.bytes(16).toString('hex'));
  return [
    '',
    `Written: ${file}, and beside it ${[keyFile, ...sharedSecretFiles].join(', ')} (readable by this user only).`,
    '',
    `1. In ${file}, put in the addresses of your gateway (the lines after "Change this").`,
    ...(setup === undefined
      ? []
      : [
          `2. ${setup.where} (keep these lines to yourself, they hold secrets):`,
          ...setup.lines.map((line) => `     ${line}`),
        ]),
    `3. Check:  stadtfunk config check ${file}`,
    `4. Start:  stadtfunk start --config ${file}`,
    '',
    '',
  ].join('\n');
}
