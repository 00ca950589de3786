import { DAY, type Millis } from './time';

/** What somebody writes to the town about its Wi-Fi: barriers (BITV 2.0 section 7) are answered within a month. */
export const FEEDBACK_TOPICS = ['accessibility', 'other'] as const;
export type FeedbackTopic = (typeof FEEDBACK_TOPICS)[number];

export interface Feedback {
  /** `7K3Q-9MXD`: the number that the writer is shown. It says nothing about them. */
  readonly reference: string;
  readonly topic: FeedbackTopic;
  readonly text: string;
  /** How the writer wants to be answered, if they want to. */
  readonly contact?: string;
  /** In which language the form was shown. */
  readonly language: string;
  readonly receivedAt: Millis;
  readonly dueAt: Millis;
  readonly doneAt?: Millis;
}

/** Longer ones are not taken; the page says so beforehand. */
export const FEEDBACK_TEXT_LENGTH = 4_000;
export const FEEDBACK_CONTACT_LENGTH = 200;

/** An entry stays this long after it was answered, so that the writer can ask about it once more. */
export const FEEDBACK_AFTERGLOW_MS = 30 * DAY;

/** The same day of the next month (BGG section 12b), or its last day if it has none of that number. */
export function feedbackDue(receivedAt: Millis): Millis {
  const date = new Date(receivedAt);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + 1);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return date.setUTCDate(Math.min(day, lastDay));
}

/** Letters and digits that nobody mixes up when they are read out over the telephone: without 0 O 1 I L U. */
const LETTERS = '23456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A reference of 8 letters. @param octets  16 random ones, two for each letter */
export function feedbackReference(octets: Uint8Array): string {
  const letters = Array.from({ length: 8 }, (_, i) => {
    const number = (octets[2 * i] ?? 0) * 256 + (octets[2 * i + 1] ?? 0);
    return LETTERS.charAt(number % LETTERS.length);
  });
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`;
}
