/*
 * Unicode's isolates (UAX #9) hold foreign words together in a line of the other direction, in attributes and titles as
 * well as in text: without them a telephone number in an Arabic sentence is read from its last group to its first.
 */
const [LEFT_TO_RIGHT, BY_FIRST_LETTER, END] = ['\u2066', '\u2068', '\u2069'];

/** A value within a sentence: its direction is its own. */
export function isolate(value: string): string {
  return `${BY_FIRST_LETTER}${value}${END}`;
}

/** A German text in a page of another language; `markGerman` finds it again. */
export function germanWithin(text: string): string {
  return `${LEFT_TO_RIGHT}${text}${END}`;
}

// Followed by `<` before any `>` it is text and not an attribute; a title holds no elements.
const GERMAN_TEXT = new RegExp(`${LEFT_TO_RIGHT}([^${LEFT_TO_RIGHT}${END}]*)${END}(?=[^<>]*<(?!/title))`, 'g');

/** Tells screen readers where a page speaks German: each German text outside of attributes gets `lang="de"`. */
export function markGerman(html: string): string {
  return html.includes(LEFT_TO_RIGHT) ? html.replace(GERMAN_TEXT, '<span lang="de" dir="ltr">$1</span>') : html;
}
