import { z } from 'zod';
import { loadConfig } from '../config/load';
import type { Config } from '../config/schema';
import { OperatorError } from '../core/errors';
import { adminToken } from '../runtime/admin';

/** The configuration with which the product runs, for a command beside it. @throws OperatorError CONFIG_INVALID */
export function configOfProduct(file: string): Config {
  const loaded = loadConfig(file);
  if (loaded.ok) return loaded.config;
  const remedy = `See: stadtfunk config check ${file}`;
  throw new OperatorError('CONFIG_INVALID', `The configuration ${file} has mistakes.`, remedy);
}

const finished = z.strictObject({ finished: z.literal(true) });

/**
 * Tells the running product to do something, because the store belongs to it, and passes on what it says line by line.
 * @param path  of the command: `/admin/sessions/end`
 * @param shape  of a line
 * @throws OperatorError ADMIN_UNREACHABLE, ADMIN_REFUSED, ADMIN_CUT_OFF
 */
export async function* askProduct<T>(
  { ops, key }: Config,
  path: string,
  asked: object,
  shape: z.ZodType<T>,
): AsyncGenerator<T> {
  const host = ops.listen.host === '0.0.0.0' ? '127.0.0.1' : ops.listen.host;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${ops.listen.port}${path}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Bearer ${adminToken(key.reveal())}` },
    body: JSON.stringify(asked),
  }).catch((cause: unknown) => {
    throw new OperatorError('ADMIN_UNREACHABLE', `Nothing answers at ${url}.`, 'Start the product first.', { cause });
  });
  if (response.status !== 200 || response.body === null) {
    const remedy = 'Give the configuration with which the product runs: --config.';
    throw new OperatorError('ADMIN_REFUSED', `The product at ${url} refuses (${response.status}).`, remedy);
  }
  let isWhole = false;
  for await (const line of linesOf(response.body)) {
    const said: unknown = JSON.parse(line);
    if (finished.safeParse(said).success) isWhole = true;
    else yield shape.parse(said);
  }
  if (!isWhole) throw new OperatorError('ADMIN_CUT_OFF', 'The product stopped answering.', 'Look at its log.');
}

/** The whole lines; when the connection breaks, those up to there. */
async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  const chunks = body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  for (;;) {
    const chunk = await chunks.next().catch(() => ({ done: true as const, value: undefined }));
    if (chunk.done) return;
    const lines = (rest + chunk.value).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
