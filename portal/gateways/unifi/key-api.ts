import { z } from 'zod';
import type { Secret } from '../../../config/secret';
import { DeviceAddress } from '../../../core/mac';
import { type Controller, ControllerFailed, type Guest, inUnits, written } from './controller';
import type { Answer, Ask } from './request';

const sites = z.object({
  data: z.array(z.object({ id: z.string(), internalReference: z.string().optional(), name: z.string().optional() })),
});
const clients = z.object({ data: z.array(z.object({ id: z.string() })) });
/** Devices on a line have no address that interests here. */
const page = z.object({ data: z.array(z.object({ macAddress: z.string().optional() })), totalCount: z.number() });
const client = z.object({
  access: z.object({ type: z.string(), authorized: z.boolean().optional() }).optional(),
});

/** What the documentation of the API allows. */
const MOST = { megabytes: 1_048_576, kilobits: 100_000 } as const;
const LEAST_KILOBITS = 2;
const MOST_ON_A_PAGE = 200;

interface Settings {
  readonly prefix: string;
  readonly site: string;
  readonly key: Secret;
}

/** The official API of UniFi Network (9.1.105 and later), asked with a key. It calls sites and devices by ids of its own. */
export function keyApi(ask: Ask, { prefix, site, key }: Settings): Controller {
  const base = `${prefix}/integration/v1`;
  let siteId: string | undefined;

  const call = async <T>(
    path: string,
    shape: z.ZodType<T>,
    signal: AbortSignal,
    body?: object,
  ): Promise<T | undefined> => {
    const answer = await ask({
      method: body === undefined ? 'GET' : 'POST',
      path: base + path,
      headers: { 'x-api-key': key.reveal() },
      signal,
      ...(body !== undefined && { body }),
    });
    return read(answer, shape);
  };
  const siteAt = async (signal: AbortSignal): Promise<string> => {
    if (siteId !== undefined) return siteId;
    const found = await call('/sites?limit=200', sites, signal);
    const ours = found?.data.find(({ internalReference, name }) => internalReference === site || name === site);
    if (ours === undefined) throw new ControllerFailed('site-unknown');
    siteId = ours.id;
    return siteId;
  };
  const act = async (guest: Guest, body: object, signal: AbortSignal): Promise<void> => {
    const path = `/sites/${await siteAt(signal)}/clients/${encodeURIComponent(guest.handle)}/actions`;
    if ((await call(path, z.unknown(), signal, body)) === undefined) throw new ControllerFailed('refused');
  };

  return {
    find: async (device, signal) => {
      const at = `/sites/${await siteAt(signal)}/clients`;
      const filter = encodeURIComponent(`macAddress.eq('${written(device)}')`);
      const handle = (await call(`${at}?filter=${filter}`, clients, signal))?.data[0]?.id;
      if (handle === undefined) return undefined;
      const found = await call(`${at}/${encodeURIComponent(handle)}`, client, signal);
      if (found === undefined) return undefined;
      return { handle, isGuest: found.access?.type === 'GUEST', isAuthorised: found.access?.authorized === true };
    },
    connected: async (signal) => {
      const at = `/sites/${await siteAt(signal)}/clients`;
      const found: DeviceAddress[] = [];
      for (let offset = 0; ; offset += MOST_ON_A_PAGE) {
        const some = await call(`${at}?offset=${offset}&limit=${MOST_ON_A_PAGE}`, page, signal);
        found.push(...(some?.data ?? []).flatMap(({ macAddress }) => DeviceAddress.parse(macAddress ?? '') ?? []));
        if (some === undefined || some.data.length === 0 || offset + MOST_ON_A_PAGE >= some.totalCount) return found;
      }
    },
    authorise: (guest, limits, signal) => {
      const { minutes, megabytes, upKilobits, downKilobits } = inUnits(limits);
      const rate = (kilobits: number): number => Math.min(Math.max(kilobits, LEAST_KILOBITS), MOST.kilobits);
      const body = {
        action: 'AUTHORIZE_GUEST_ACCESS',
        timeLimitMinutes: minutes,
        ...(megabytes !== undefined && { dataUsageLimitMBytes: Math.min(megabytes, MOST.megabytes) }),
        // Seen from the access point: what the device receives.
        ...(downKilobits !== undefined && { rxRateLimitKbps: rate(downKilobits) }),
        ...(upKilobits !== undefined && { txRateLimitKbps: rate(upKilobits) }),
      };
      return act(guest, body, signal);
    },
    unauthorise: (guest, signal) => act(guest, { action: 'UNAUTHORIZE_GUEST_ACCESS' }, signal),
  };
}

/** What the answer says; undefined if what was asked for is not there. */
function read<T>({ status, body }: Answer, shape: z.ZodType<T>): T | undefined {
  if (status === 401 || status === 403) throw new ControllerFailed('login-refused');
  if (status === 404) return undefined;
  if (status < 200 || status > 299) throw new ControllerFailed('refused');
  const parsed = shape.safeParse(body ?? {});
  if (!parsed.success) throw new ControllerFailed('unreadable');
  return parsed.data;
}
