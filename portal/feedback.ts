import { z } from 'zod';
import {
  FEEDBACK_CONTACT_LENGTH,
  FEEDBACK_TEXT_LENGTH,
  FEEDBACK_TOPICS,
  type FeedbackTopic,
  feedbackReference,
} from '../core/feedback';
import { DAY, HOUR, type Millis } from '../core/time';
import type { Random } from '../runtime/random';
import { Seal } from './seal';

/** How a form was taken: `full` if too many entries are open, `busy` if too many came at once. */
export const FEEDBACK_RESULTS = ['kept', 'known', 'invalid', 'full', 'busy'] as const;
export type FeedbackResult = (typeof FEEDBACK_RESULTS)[number];

/** Who has more open entries than this has another problem; a flood must not fill the disk. */
export const MOST_OPEN_ENTRIES = 1_000;

const shape = z.object({ reference: z.string(), shownAt: z.number() });

/** What the form carries: each form is one entry, however often it is sent. */
export type FeedbackForm = z.output<typeof shape>;

/** Nobody has to hurry. */
export const FEEDBACK_FORM_LIFETIME_MS = DAY;

export function feedbackSeal(townKey: string, random: Random): Seal<FeedbackForm> {
  return new Seal(townKey, 'feedback-forms', shape, random);
}

export function newFeedbackForm(random: Random, now: Millis): FeedbackForm {
  return { reference: feedbackReference(random.bytes(16)), shownAt: now };
}

/** What was typed, as it is shown again if something is wrong with it. */
export interface Typed {
  readonly topic: FeedbackTopic;
  readonly text: string;
  readonly contact: string;
}

/** What is wrong with a form; a text for each is in the locales. */
export type FeedbackMistake = 'empty' | 'long' | 'contact' | 'expired' | 'busy' | 'store';

export function typedIn(form: URLSearchParams): Typed {
  const topic = FEEDBACK_TOPICS.find((topic) => topic === form.get('topic')) ?? 'other';
  return {
    topic,
    text: plain(form.get('text') ?? ''),
    contact: plain(form.get('contact') ?? '').replaceAll('\n', ' '),
  };
}

/**
 * Browsers send line ends as two characters; other control characters nobody typed. Those that turn the direction come
 * along when somebody copies from our pages: they would turn the operator's list around, and `markGerman` acts on them.
 */
function plain(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim();
}

export function mistakeIn({ text, contact }: Typed): FeedbackMistake | undefined {
  if (text === '') return 'empty';
  if (text.length > FEEDBACK_TEXT_LENGTH) return 'long';
  return contact.length > FEEDBACK_CONTACT_LENGTH ? 'contact' : undefined;
}

const AT_ONCE = 20;
const ONE_MORE_EVERY = HOUR / 20;

/** How many entries are taken in a time, from all people together: no address is needed to count them. */
export class FeedbackPace {
  #left = AT_ONCE;
  #countedAt = Number.NEGATIVE_INFINITY;

  /** @param now  of the monotonic clock */
  allows(now: Millis): boolean {
    this.#left = Math.min(AT_ONCE, this.#left + (now - this.#countedAt) / ONE_MORE_EVERY);
    this.#countedAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
