import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { errnoOf } from '../core/errors';
import { DAY, type Millis } from '../core/time';

/** The days of a calendar file as `2026-12-24`, or what is wrong with it. */
export type CalendarDays =
  | { readonly ok: true; readonly days: ReadonlySet<string> }
  | { readonly ok: false; readonly line?: number; readonly why: string };

/** Nothing closes for longer; a wrong year would. */
const LONGEST = 120;

/** @param folder  where a relative path starts */
export function readCalendar(file: string, folder: string): CalendarDays {
  let text: string;
  try {
    text = readFileSync(resolve(folder, file), 'utf8');
  } catch (error) {
    return {
      ok: false,
      why: errnoOf(error) === 'ENOENT' ? 'it does not exist' : `it cannot be read (${errnoOf(error)})`,
    };
  }
  const read = file.endsWith('.json') ? readJson(text) : readIcs(text);
  return read.ok && read.days.size === 0 ? { ok: false, why: 'it names no day' } : read;
}

const entries = z.array(
  z.strictObject({ name: z.string().optional(), from: z.iso.date(), to: z.iso.date().optional() }),
);

function readJson(text: string): CalendarDays {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, why: 'it is not JSON' };
  }
  const parsed = entries.safeParse(value);
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? '';
    return { ok: false, why: `its entry ${at} is not like {"from": "2026-12-23", "to": "2027-01-06"}` };
  }
  const days = new Set<string>();
  for (const { from, to = from } of parsed.data) {
    const first = Date.parse(from);
    const wrong = fill(days, first, Date.parse(to) + DAY);
    if (wrong !== undefined) return { ok: false, why: `the entry of ${from} ${wrong}` };
  }
  return { ok: true, days };
}

/** A line of an event: its name and value; parameters such as VALUE=DATE say nothing more [RFC 5545 3.1]. */
const PROPERTY = /^(?<name>[\w-]+)(?:;[^:]*)?:(?<value>.*)$/;
/** Whole days, or midnight to midnight. */
const DATE = /^(?<y>\d{4})(?<m>\d\d)(?<d>\d\d)(?:T000000Z?)?$/;

/**
 * The whole days of an iCalendar file's events; the end of an event is the day after its last one [RFC 5545 3.6.1].
 * What cannot close a site (a time of day, a repetition) is a mistake and not passed over.
 */
function readIcs(text: string): CalendarDays {
  const days = new Set<string>();
  let event: Map<string, string> | undefined;
  for (const [line, content] of unfold(text)) {
    const { name = '', value = '' } = PROPERTY.exec(content)?.groups ?? {};
    if (name === 'BEGIN' && value === 'VEVENT') event = new Map();
    else if (name === 'END' && value === 'VEVENT' && event !== undefined) {
      const wrong = event.get('STATUS') === 'CANCELLED' ? undefined : addEvent(days, event);
      if (wrong !== undefined) return { ok: false, line, why: `the event that ends here ${wrong}` };
      event = undefined;
    } else event?.set(name, value);
  }
  return event === undefined ? { ok: true, days } : { ok: false, why: 'its last event has no end' };
}

/** Lines with their numbers; one that begins with a blank goes on with the line before. */
function unfold(text: string): [line: number, content: string][] {
  const lines: [number, string][] = [];
  for (const [i, content] of text.split(/\r?\n/).entries()) {
    const last = lines.at(-1);
    if (last !== undefined && /^[ \t]/.test(content)) last[1] += content.slice(1);
    else lines.push([i + 1, content]);
  }
  return lines;
}

function addEvent(days: Set<string>, event: ReadonlyMap<string, string>): string | undefined {
  if (event.has('RRULE') || event.has('RDATE')) return 'repeats: write each of its days';
  if (event.has('DURATION')) return 'has a DURATION: write DTEND';
  const from = dayOf(event.get('DTSTART') ?? '');
  const end = event.get('DTEND');
  const to = end === undefined ? undefined : dayOf(end);
  if (from === undefined || (end !== undefined && to === undefined)) return 'has no whole days (DTSTART, DTEND)';
  return fill(days, from, to === undefined || to === from ? from + DAY : to);
}

function dayOf(text: string): Millis | undefined {
  const { y, m, d } = DATE.exec(text)?.groups ?? {};
  const iso = `${y}-${m}-${d}`;
  const at = Date.parse(`${iso}T00:00:00Z`);
  // 31 June is read as 1 July.
  return Number.isNaN(at) || !new Date(at).toISOString().startsWith(iso) ? undefined : at;
}

/** @returns what is wrong with these days */
function fill(days: Set<string>, from: Millis, to: Millis): string | undefined {
  if (to <= from) return 'ends before it begins';
  if (to - from > LONGEST * DAY) return `is longer than ${LONGEST} days`;
  for (let at = from; at < to; at += DAY) days.add(new Date(at).toISOString().slice(0, 10));
  return undefined;
}
