import { z } from 'zod';
import { loadConfig } from '../config/load';
import type { Config } from '../config/schema';
import { OperatorError } from '../core/errors';
import type { GatewayId } from '../core/ids';
import { ORDER, type OrderResult } from '../core/reasons';
import { isOver } from '../core/session-end';
import { adminToken } from '../runtime/admin';
import { END_SESSIONS } from './end-sessions';

export interface EndOptions {
  readonly config: string;
  readonly site?: string;
  readonly gateway?: string;
}

const line = z.union([
  z.object({ grants: z.number(), sessions: z.number() }),
  z.object({ gateway: z.string(), result: z.enum(Object.keys(ORDER) as [OrderResult, ...OrderResult[]]) }),
  z.object({ finished: z.literal(true) }),
]);
type Line = z.output<typeof line>;

/**
 * `stadtfunk sessions end`: the store belongs to the running product, so that is told to do it.
 * @returns the exit code: 0 if every session has ended, 1 if one has not
 * @throws OperatorError if the order cannot be given
 */
export async function sessionsEnd(options: EndOptions): Promise<number> {
  const loaded = loadConfig(options.config);
  if (!loaded.ok) {
    const remedy = `See: stadtfunk config check ${options.config}`;
    throw new OperatorError('CONFIG_INVALID', `The configuration ${options.config} has mistakes.`, remedy);
  }
  const scope = scopeOf(options, loaded.config);
  const results = new Map<GatewayId, OrderResult[]>();
  let finished = false;
  for await (const said of order(loaded.config, scope)) {
    if ('grants' in said) {
      process.stdout.write(`${said.grants} grants ended; ${said.sessions} sessions are being ended ...\n`);
    } else if ('result' in said) {
      results.set(said.gateway, [...(results.get(said.gateway) ?? []), said.result]);
    } else finished = true;
  }
  for (const [gateway, of] of results) process.stdout.write(`${gateway}: ${summary(of)}\n`);
  if (!finished) throw new OperatorError('ADMIN_CUT_OFF', 'The product stopped answering.', 'Look at its log.');
  return [...results.values()].flat().every(isOver) ? 0 : 1;
}

function scopeOf({ site, gateway }: EndOptions, config: Config): { site: string } | { gateway: string } {
  if ((site === undefined) === (gateway === undefined)) {
    throw new OperatorError('CONFIG_SCOPE', 'Nothing or too much is named.', 'Name either --site or --gateway.');
  }
  const [ids, id, what] = site !== undefined ? [config.sites, site, 'site'] : [config.gateways, gateway, 'gateway'];
  if (!ids.some((one) => one.id === id)) {
    const known = ids.map((one) => one.id).join(', ');
    throw new OperatorError('CONFIG_SCOPE', `There is no ${what} ${id}.`, `There are: ${known}.`);
  }
  return site !== undefined ? { site } : { gateway: gateway ?? '' };
}

/** Gives the order and passes on what the product says, line by line. */
async function* order({ ops, key }: Config, scope: object): AsyncGenerator<Line> {
  const host = ops.listen.host === '0.0.0.0' ? '127.0.0.1' : ops.listen.host;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${ops.listen.port}${END_SESSIONS}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Bearer ${adminToken(key.reveal())}` },
    body: JSON.stringify(scope),
  }).catch((cause: unknown) => {
    throw new OperatorError('ADMIN_UNREACHABLE', `Nothing answers at ${url}.`, 'Start the product first.', { cause });
  });
  if (response.status !== 200 || response.body === null) {
    const remedy = 'Give the configuration with which the product runs: --config.';
    throw new OperatorError('ADMIN_REFUSED', `The product at ${url} refuses (${response.status}).`, remedy);
  }
  let rest = '';
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) yield line.parse(JSON.parse(text));
    }
  } catch {
    // Cut off: the line that says "finished" is missing then.
  }
}

/** `3 sessions, 2 ended, 1 no-answer (the gateway did not answer ...)`. */
function summary(results: readonly OrderResult[]): string {
  const ended = results.filter(isOver).length;
  const failed = [...new Set(results.filter((result) => !isOver(result)))].map(
    (result) => `${results.filter((one) => one === result).length} ${result} (${ORDER[result]})`,
  );
  return [`${ended} of ${results.length} sessions ended`, ...failed].join('; ');
}
