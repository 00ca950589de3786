import { z } from 'zod';
import type { UnifiGateway } from '../../../config/schema';
import { DeviceAddress } from '../../../core/mac';
import { type Controller, ControllerFailed, inUnits, written } from './controller';
import type { Answer, Ask } from './request';

const answerShape = z.object({
  meta: z.object({ rc: z.string(), msg: z.string().optional() }),
  data: z.array(z.unknown()).default([]),
});
const station = z.object({
  is_guest: z.boolean().default(false),
  authorized: z.boolean().default(false),
  ap_mac: z.string().optional(),
});
const addressed = z.array(z.object({ mac: z.string() }));
const token = z.object({ csrfToken: z.string() });

interface Settings {
  readonly prefix: string;
  readonly loginPath: string;
  readonly site: string;
  readonly account: NonNullable<UnifiGateway['controller']['account']>;
}

/** What a log-in gave: to be sent with every request. */
interface Pass {
  readonly cookie: string;
  readonly csrf?: string;
}

/**
 * The API that the controller's own pages use, with an account and a cookie. It is not documented by the maker, but has
 * stayed as it is for years; many programs speak it.
 */
export function accountApi(ask: Ask, { prefix, loginPath, site, account }: Settings): Controller {
  const base = `${prefix}/api/s/${site}`;
  let pass: Promise<Pass> | undefined;

  const logIn = async (signal: AbortSignal): Promise<Pass> => {
    const body = { username: account.username, password: account.password.reveal() };
    const answer = await ask({ method: 'POST', path: loginPath, body, signal });
    if (answer.status !== 200) throw new ControllerFailed('login-refused');
    return passIn(answer);
  };
  const send = async (path: string, body: object | undefined, signal: AbortSignal): Promise<Answer> => {
    // All requests that come while nobody is logged in wait for the same log-in; one that failed is not kept.
    pass ??= logIn(signal).catch((error: unknown) => {
      pass = undefined;
      throw error;
    });
    const { cookie, csrf } = await pass;
    const headers = { cookie, ...(csrf !== undefined && { 'x-csrf-token': csrf }) };
    const method = body === undefined ? 'GET' : 'POST';
    return ask({ method, path: base + path, headers, signal, ...(body !== undefined && { body }) });
  };
  const call = async (
    path: string,
    body: object | undefined,
    signal: AbortSignal,
  ): Promise<readonly unknown[] | undefined> => {
    const used = pass;
    let answer = await send(path, body, signal);
    if (answer.status === 401 || answer.status === 403) {
      // The log-in has run out. Somebody else may have renewed it meanwhile.
      if (pass === used || used === undefined) pass = undefined;
      answer = await send(path, body, signal);
    }
    return read(answer);
  };
  const command = async (body: object, signal: AbortSignal): Promise<void> => {
    if ((await call('/cmd/stamgr', body, signal)) === undefined) throw new ControllerFailed('refused');
  };

  return {
    find: async (device, signal) => {
      const handle = written(device);
      const found = await call(`/stat/sta/${handle}`, undefined, signal);
      if (found?.[0] === undefined) return undefined;
      const parsed = station.safeParse(found[0]);
      if (!parsed.success) throw new ControllerFailed('unreadable');
      const { is_guest: isGuest, authorized: isAuthorised, ap_mac: ap } = parsed.data;
      const accessPoint = ap?.replaceAll(/[^0-9a-f]/gi, '').toLowerCase();
      return { handle, isGuest, isAuthorised, ...(accessPoint !== undefined && { accessPoint }) };
    },
    connected: async (signal) => {
      const parsed = addressed.safeParse((await call('/stat/sta', undefined, signal)) ?? []);
      if (!parsed.success) throw new ControllerFailed('unreadable');
      return parsed.data.flatMap(({ mac }) => DeviceAddress.parse(mac) ?? []);
    },
    authorise: ({ handle: mac, accessPoint }, limits, signal) => {
      const { minutes, megabytes, upKilobits, downKilobits } = inUnits(limits);
      const body = {
        cmd: 'authorize-guest',
        mac,
        minutes,
        ...(upKilobits !== undefined && { up: upKilobits }),
        ...(downKilobits !== undefined && { down: downKilobits }),
        // Megabytes, whatever it is called.
        ...(megabytes !== undefined && { bytes: megabytes }),
        // With it the controller tells this access point at once instead of at its next report.
        ...(accessPoint !== undefined && { ap_mac: accessPoint.replaceAll(/(..)(?=.)/g, '$1:') }),
      };
      return command(body, signal);
    },
    unauthorise: ({ handle: mac }, signal) => command({ cmd: 'unauthorize-guest', mac }, signal),
  };
}

/** The data of the answer; undefined if the controller knows no such device. */
function read({ status, body }: Answer): readonly unknown[] | undefined {
  if (status === 401 || status === 403) throw new ControllerFailed('login-refused');
  const parsed = answerShape.safeParse(body);
  if (!parsed.success) throw new ControllerFailed('unreadable');
  const { meta, data } = parsed.data;
  if (meta.rc === 'ok' && status === 200) return data;
  if (meta.msg === 'api.err.UnknownStation' || meta.msg === 'api.err.UnknownUser') return undefined;
  throw new ControllerFailed('refused');
}

/** Cookies, and the token against forged requests: in a header, in the console's own cookie, or in one of its name. */
function passIn({ headers }: Answer): Pass {
  const pairs = (headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '');
  if (pairs.length === 0) throw new ControllerFailed('login-refused');
  const cookies = new Map(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)] as const;
    }),
  );
  const header = headers['x-csrf-token'];
  const csrf =
    (typeof header === 'string' ? header : undefined) ?? inToken(cookies.get('TOKEN')) ?? cookies.get('csrf_token');
  return { cookie: pairs.join('; '), ...(csrf !== undefined && { csrf }) };
}

/** The console's cookie is a JSON Web Token; its second part says the token. */
function inToken(cookie: string | undefined): string | undefined {
  const payload = cookie?.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    return token.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).data?.csrfToken;
  } catch {
    return undefined;
  }
}
