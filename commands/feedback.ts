import { z } from 'zod';
import { FEEDBACK_AFTERGLOW_MS, FEEDBACK_TOPICS, type Feedback } from '../core/feedback';
import { DAY, localDate } from '../core/time';
import { systemClock } from '../runtime/clock';
import { askProduct, configOfProduct } from './ask-product';
import { CLOSE_FEEDBACK, LIST_FEEDBACK } from './feedback-desk';

export interface ListOptions {
  readonly config: string;
  /** Also what is done. */
  readonly all?: boolean;
  readonly json?: boolean;
}

const entry = z.object({
  reference: z.string(),
  topic: z.enum(FEEDBACK_TOPICS),
  text: z.string(),
  contact: z.string().exactOptional(),
  language: z.string(),
  receivedAt: z.number(),
  dueAt: z.number(),
  doneAt: z.number().exactOptional(),
});

/**
 * `stadtfunk feedback list`: what people wrote, the one due first first.
 * @returns the exit code: 0 if nothing is overdue, 1 if something is
 * @throws OperatorError if the product cannot be asked
 */
export async function feedbackList({ config: file, all = false, json = false }: ListOptions): Promise<number> {
  const config = configOfProduct(file);
  const now = systemClock.now();
  const entries: Feedback[] = [];
  for await (const one of askProduct(config, LIST_FEEDBACK, {}, entry)) {
    if (all || one.doneAt === undefined) entries.push(one);
  }
  const { timeZone } = config.town;
  const text = entries.map((one) => (json ? JSON.stringify(one) : described(one, timeZone, now)));
  process.stdout.write(text.length > 0 || json ? text.map((lines) => `${lines}\n`).join('') : 'Nothing is open.\n');
  return entries.some((one) => isOverdue(one, now)) ? 1 : 0;
}

/** `stadtfunk feedback done REFERENCE`: it was answered. @returns the exit code: 0, or 1 if no open entry is called so */
export async function feedbackDone(given: string, { config: file }: { readonly config: string }): Promise<number> {
  const reference = given.toUpperCase();
  let closed = false;
  const shape = z.object({ closed: z.boolean() });
  for await (const said of askProduct(configOfProduct(file), CLOSE_FEEDBACK, { reference }, shape))
    closed = said.closed;
  const days = FEEDBACK_AFTERGLOW_MS / DAY;
  process.stdout.write(
    closed
      ? `${reference} is done; it is deleted in ${days} days.\n`
      : `No open entry is called ${printable(reference)}.\n`,
  );
  return closed ? 0 : 1;
}

function isOverdue({ doneAt, dueAt }: Feedback, now: number): boolean {
  return doneAt === undefined && dueAt <= now;
}

function described(one: Feedback, timeZone: string, now: number): string {
  const day = (at: number): string => localDate(at, timeZone);
  const state =
    one.doneAt !== undefined
      ? `done ${day(one.doneAt)}`
      : `${isOverdue(one, now) ? 'OVERDUE since' : 'due'} ${day(one.dueAt)}`;
  const written = [one.text, ...(one.contact === undefined ? [] : [`Contact: ${one.contact}`])];
  return [
    `${one.reference}  ${one.topic}  ${state}  (received ${day(one.receivedAt)}, language ${one.language})`,
    ...written.flatMap((part) => printable(part).split('\n')).map((line) => `    ${line}`),
    '',
  ].join('\n');
}

/** Strangers wrote it, and a terminal obeys control characters. */
function printable(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
