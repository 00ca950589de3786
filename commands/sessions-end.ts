import { z } from 'zod';
import type { Config } from '../config/schema';
import { OperatorError } from '../core/errors';
import type { GatewayId } from '../core/ids';
import { ORDER, type OrderResult } from '../core/reasons';
import { isOver } from '../core/session-end';
import { askProduct, configOfProduct } from './ask-product';
import { END_SESSIONS, REFRESH_SESSIONS } from './end-sessions';

export interface EndOptions {
  readonly config: string;
  readonly site?: string;
  readonly gateway?: string;
}

const line = z.union([
  z.object({ grants: z.number(), sessions: z.number() }),
  z.object({ gateway: z.string(), result: z.enum(Object.keys(ORDER) as [OrderResult, ...OrderResult[]]) }),
]);

/**
 * `stadtfunk sessions end`: the store belongs to the running product, so that is told to do it.
 * @returns the exit code: 0 if every session has ended, 1 if one has not
 * @throws OperatorError if the order cannot be given
 */
export async function sessionsEnd(options: EndOptions): Promise<number> {
  const config = configOfProduct(options.config);
  const results = new Map<GatewayId, OrderResult[]>();
  for await (const said of askProduct(config, END_SESSIONS, scopeOf(options, config), line)) {
    if ('grants' in said) {
      process.stdout.write(`${said.grants} grants ended; ${said.sessions} sessions are being ended ...\n`);
    } else results.set(said.gateway, [...(results.get(said.gateway) ?? []), said.result]);
  }
  for (const [gateway, of] of results) process.stdout.write(`${gateway}: ${summary(of, 'ended')}\n`);
  return [...results.values()].flat().every(isOver) ? 0 : 1;
}

/**
 * `stadtfunk sessions refresh`: running sessions get the limits that hold now.
 * @returns the exit code: 0 if every gateway took them, 1 if one did not
 * @throws OperatorError if the order cannot be given
 */
export async function sessionsRefresh(options: EndOptions): Promise<number> {
  const config = configOfProduct(options.config);
  const results = new Map<GatewayId, OrderResult[]>();
  for await (const said of askProduct(config, REFRESH_SESSIONS, scopeOf(options, config), line)) {
    if ('grants' in said) process.stdout.write(`${said.sessions} sessions get the limits that hold now ...\n`);
    else results.set(said.gateway, [...(results.get(said.gateway) ?? []), said.result]);
  }
  for (const [gateway, of] of results) process.stdout.write(`${gateway}: ${summary(of, 'changed')}\n`);
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

/** `3 sessions, 2 ended, 1 no-answer (the gateway did not answer ...)`. */
function summary(results: readonly OrderResult[], what: 'ended' | 'changed'): string {
  const ended = results.filter(isOver).length;
  const failed = [...new Set(results.filter((result) => !isOver(result)))].map(
    (result) => `${results.filter((one) => one === result).length} ${result} (${ORDER[result]})`,
  );
  return [`${ended} of ${results.length} sessions ${what}`, ...failed].join('; ');
}
