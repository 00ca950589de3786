import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { GatewayId } from '../../../core/ids';
import { DAY, MINUTE, type Millis, SECOND } from '../../../core/time';

/**
 * What stadtfunk-agent (deploy/openwrt) sends and gets: lines of words, because a shell writes and reads them. The first
 * line is an HMAC over the rest, so that nobody between access point and server can report, repeat or order anything.
 */

/** How far the clocks may be apart; a report that was kept back longer is refused. */
export const FRESH_FOR = 5 * MINUTE;

const session = z.string().regex(/^[0-9a-f]{32}$/);
const number = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

const head = z.tuple([
  z.literal('stadtfunk-agent'),
  z.literal('1'),
  z.string(),
  number,
  z.string().regex(/^\w{8,64}$/),
]);

const usage = z
  .tuple([z.enum(['start', 'interim', 'stop']), session, z.string().max(400), number, number, number, number])
  .transform(([kind, sessionId, custom, age, seconds, download, upload]) => ({
    kind,
    sessionId,
    custom,
    ageMs: Math.min(age * SECOND, DAY),
    seconds,
    downloadOctets: download,
    uploadOctets: upload,
  }));
/** What openNDS told of a session, and how long ago. */
export type SessionReport = z.output<typeof usage>;

const settled = z
  .tuple([z.enum(['ended', 'unknown']), session])
  .transform(([result, sessionId]) => ({ kind: 'settled' as const, sessionId, result }));

const line = z.union([usage, settled]);

export interface Report {
  /** The HMAC: no two reports have the same. */
  readonly signature: string;
  readonly sentAt: Millis;
  readonly lines: readonly z.output<typeof line>[];
}

/** @returns undefined if this is no report of this gateway, or was not made with this secret */
export function readReport(text: string, gateway: GatewayId, secret: string): Report | undefined {
  const signature = text.slice(0, 64);
  const rest = text.slice(65);
  const expected = hmac(secret, rest);
  const given = Buffer.from(signature.padEnd(64));
  if (text[64] !== '\n' || given.length !== expected.length || !timingSafeEqual(given, Buffer.from(expected))) {
    return undefined;
  }
  const [first = [], ...others] = rest
    .split('\n')
    .filter((written) => written !== '')
    .map((written) => written.split(' '));
  const named = head.safeParse(first);
  if (!named.success || named.data[2] !== gateway) return undefined;
  // A line of a later version of the agent does not make the others wrong.
  const lines = others.flatMap((words) => line.safeParse(words).data ?? []);
  return { signature, sentAt: named.data[3] * SECOND, lines };
}

/** The answer to a report; bound to it, so that no other answer can be put in its place. */
export function writeAnswer(report: Report, secret: string, lines: readonly string[]): string {
  const rest = lines.map((written) => `${written}\n`).join('');
  return `${hmac(secret, `${report.signature}\n${rest}`)}\n${rest}`;
}

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text, 'latin1').digest('hex');
}
