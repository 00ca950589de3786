import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Verify } from './load';

/** As in pacer.c. */
const SOCKETS = 32;
const IDENTIFIERS = 256;

/** Milliseconds from when each request was to be sent to its answer. */
export interface Delays {
  /** Sorted. */
  readonly answered: Float64Array;
  readonly missing: number;
}

/** The value that `share` of all stay below; missing answers are above everything. */
export function quantile({ answered, missing }: Delays, share: number): number {
  const index = Math.ceil(share * (answered.length + missing)) - 1;
  return answered[index] ?? Number.POSITIVE_INFINITY;
}

/** Whether the sender can be had: it is compiled when it is first used. */
export function hasCompiler(): boolean {
  return spawnSync('cc', ['--version']).status === 0;
}

/**
 * Sends at a fixed rate whether or not answers come, as a town does. The delay counts from when a request was due, so that
 * neither a server nor a sender that stops for a moment hides what it cost.
 * @param makeRequest  the nth, with this identifier
 * @throws Error without a C compiler
 */
export async function openLoop(
  ratePerSecond: number,
  milliseconds: number,
  port: number,
  makeRequest: (n: number, identifier: number) => Buffer,
  verify: Verify,
): Promise<Delays> {
  const count = Math.floor((ratePerSecond * milliseconds) / 1_000);
  const requests = Array.from({ length: count }, (_, n) => makeRequest(n, Math.floor(n / SOCKETS) % IDENTIFIERS));
  const sender = spawn(pacer(), [port, ratePerSecond, count].map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(sender, 'exit');
  sender.stdin.end(Buffer.concat(requests.flatMap((request) => [lengthOf(request), request])));
  const answers = await buffer(sender.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`the sender ended with ${code}`);
  const answered: number[] = [];
  let at = 0;
  for (const request of requests) {
    const delay = answers.readDoubleLE(at);
    const from = at + LENGTH_AT + 2;
    at = from + answers.readUInt16LE(at + LENGTH_AT);
    // One that comes later than its identifier is used again answers the wrong request: it is missing.
    if (!Number.isNaN(delay) && verify(answers.subarray(from, at), request)) answered.push(delay);
  }
  return { answered: Float64Array.from(answered).sort(), missing: count - answered.length };
}

const LENGTH_AT = 8;

function lengthOf(request: Buffer): Buffer {
  const octets = Buffer.alloc(2);
  octets.writeUInt16LE(request.length);
  return octets;
}

let program: string | undefined;

/** The sender, compiled once; it is gone when the bench ends. */
function pacer(): string {
  if (program === undefined) {
    if (!hasCompiler()) throw new Error('to send at a fixed rate takes a C compiler: apt-get install gcc libc6-dev');
    const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-bench-pacer-'));
    process.once('exit', () => rmSync(folder, { recursive: true }));
    program = join(folder, 'pacer');
    execFileSync('cc', ['-O2', '-o', program, join(__dirname, 'pacer.c')], { stdio: 'inherit' });
  }
  return program;
}
