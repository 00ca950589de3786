import { z } from 'zod';
import {
  FEEDBACK_CONTACT_LENGTH,
  FEEDBACK_TEXT_LENGTH,
  FEEDBACK_TOPICS,
  type FeedbackTopic,
  feedbackReference,
} from '../core/feedback';
import { DAY, type Millis } from '../core/time';
import type { Random } from '../runtime/random';
import { Seal } from './seal';
import { Bucket, type Rate, SourcePace } from './source-pace';

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

/** A whole school may write from one address after a lesson on barriers; all together are bounded behind it. */
const OF_ONE_SOURCE: Rate = { atOnce: 10, perHour: 20 };
const OF_ALL: Rate = { atOnce: 60, perHour: 60 };

/** How many entries are taken in a time, of one source and of all. Where they come from is kept nowhere. */
export class FeedbackPace {
  readonly #sources: SourcePace;
  #all: Bucket | undefined;

  constructor(random: Random) {
    this.#sources = new SourcePace(random);
  }

  /** @param now  of the monotonic clock */
  allows(source: string, now: Millis): boolean {
    this.#all ??= new Bucket(OF_ALL, now);
    // Who is refused as one source takes nothing of what all have.
    if (!this.#all.hasRoom(OF_ALL, now) || !this.#sources.allows(source, OF_ONE_SOURCE, now)) return false;
    this.#all.take();
    return true;
  }
}
