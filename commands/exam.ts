import { z } from 'zod';
import type { Config, Site } from '../config/schema';
import { OperatorError } from '../core/errors';
import { type Exam, examEnd } from '../core/exam';
import { systemClock } from '../runtime/clock';
import { schoolWord } from '../runtime/school-link';
import { askProduct, configOfProduct } from './ask-product';
import { END_EXAM, LIST_EXAMS, SET_EXAM } from './exam-switch';

export interface ExamOptions {
  readonly config: string;
  readonly site: string;
}

/** `stadtfunk exam on --site S --until 12:30`: nobody is online at the site until then. @returns the exit code */
export async function examOn(options: ExamOptions & { readonly until: string }): Promise<number> {
  const config = configOfProduct(options.config);
  const { id } = siteOf(config, options.site);
  const until = examEnd(options.until, systemClock.now(), config.town.timeZone);
  if (until === undefined) {
    const remedy = 'Write hours and minutes of today that are still to come, like --until 12:30.';
    throw new OperatorError('CONFIG_TIME', `An exam cannot end at ${JSON.stringify(options.until)}.`, remedy);
  }
  for await (const _ of askProduct(config, SET_EXAM, { site: id, until }, z.unknown()));
  process.stdout.write(`${described({ site: id, until }, config)}; sessions are being ended.\n`);
  return 0;
}

/** `stadtfunk exam off --site S`: ends it early. @returns the exit code */
export async function examOff(options: ExamOptions): Promise<number> {
  const config = configOfProduct(options.config);
  const { id } = siteOf(config, options.site);
  let ended = false;
  const shape = z.object({ ended: z.boolean() });
  for await (const said of askProduct(config, END_EXAM, { site: id }, shape)) ended = said.ended;
  process.stdout.write(ended ? `${id}: the exam is over.\n` : `${id}: no exam was running.\n`);
  return 0;
}

/** `stadtfunk exam list`: what runs. @returns the exit code */
export async function examList(options: { readonly config: string }): Promise<number> {
  const config = configOfProduct(options.config);
  const lines: string[] = [];
  const shape = z.object({ site: z.string(), until: z.number() });
  for await (const exam of askProduct(config, LIST_EXAMS, {}, shape)) lines.push(`${described(exam, config)}.\n`);
  process.stdout.write(lines.length > 0 ? lines.join('') : 'No exam is running.\n');
  return 0;
}

/** `stadtfunk school link --site S`: the address by which the school itself switches exam mode. @returns the exit code */
export function schoolLink(options: ExamOptions): number {
  const config = configOfProduct(options.config);
  const { id, examLink } = siteOf(config, options.site);
  if (examLink === undefined) {
    const remedy = 'Set examLink: 1 for this site in the configuration.';
    throw new OperatorError('CONFIG_EXAM_LINK', `The site ${id} may not switch exam mode itself.`, remedy);
  }
  const word = schoolWord(config.key.reveal(), id, examLink);
  process.stdout.write(`${config.portal.url}/school/${id}?k=${word}\n`);
  return 0;
}

function siteOf(config: Config, id: string): Site {
  const site = config.sites.find((one) => one.id === id);
  if (site !== undefined) return site;
  const known = config.sites.map((one) => one.id).join(', ');
  throw new OperatorError('CONFIG_SCOPE', `There is no site ${id}.`, `There are: ${known}.`);
}

function described({ site, until }: Exam, { town: { timeZone } }: Config): string {
  const time = new Intl.DateTimeFormat('sv-SE', { timeZone, hour: '2-digit', minute: '2-digit' }).format(until);
  return `${site}: exam until ${time}`;
}
