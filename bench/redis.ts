import { CODE } from '../radius/wire/packet';
import type { Figure, Run } from './figure';
import { Child } from './radius/child';
import { compiled, type Form, fromSource } from './radius/compiled';
import { hasRedisModule, redisRecordOf, startFreeRadius } from './radius/freeradius';
import { Load, WINDOW } from './radius/load';
import { pinGenerator } from './radius/pin';
import { accessRequestOf, accountingRequestOf, deviceOf, nextSessions, SECRET } from './radius/requests';
import { type Contender, inTurns, type Make, ratios } from './radius/rounds';
import type { Memory, Ports } from './radius/server';
import { verifier } from './radius/verify';
import { manyGrants } from './redis/many-grants';
import { type BenchRedis, hasRedis, startBenchRedis } from './redis/redis-server';
import { rememberedOrAsked } from './redis/remembered';
import { scaleOut } from './redis/scale-out';

const OURS = 'ours';
const PEER = 'freeradius rlm_redis';
const DEVICES = 10_000;
/** Far beyond what the first gateway reports. */
const FAR = 1e9;
const SCALE_OUT = 'radius.scaleout';
const OPEN = 'radius.open.redis';
/** From this on the figures are worth millions of grants: 4 GB of memory, and minutes. */
const SERIOUS_SECONDS = 6;
/** What one of three masters, the fewest that a cluster has, holds of ten million grants. */
const VERY_MANY = 3_333_333;
const MANY = 200_000;

const isAccepted = verifier(CODE.accessAccept, true, SECRET);
const isRecorded = verifier(CODE.accountingResponse, false, SECRET);

function accessRequests(): Make {
  let n = 0;
  return (count) =>
    Array.from({ length: count }, (_, i) => accessRequestOf(i % WINDOW, deviceOf((n++ * 7919) % DEVICES)));
}

/** @param first  who begins elsewhere has sessions of its own, as a server has that gateways choose by their address */
function accountingRequests(first = 0): Make {
  let n = first;
  return (count) => {
    n = nextSessions(n);
    return Array.from({ length: count }, (_, i) => accountingRequestOf(i % WINDOW, n++, DEVICES));
  };
}

/** The RADIUS server on Redis beside FreeRADIUS on the same Redis, which has every write on its disk before it answers. */
export const run: Run = async (seconds, wants) => {
  if (!hasRedis() || !hasRedisModule()) {
    process.stderr.write('redis is left out: apt-get install redis-server freeradius freeradius-redis\n');
    return [];
  }
  pinGenerator();
  const form = seconds < 1 ? fromSource : compiled();
  const started: { stop(): Promise<void> }[] = [];
  const start = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const one = await starting;
    started.unshift(one);
    return one;
  };
  try {
    const redis = await start(startBenchRedis());
    const load = await Load.open();
    started.unshift({ stop: async () => load.close() });
    const server = await start(serverOn(form, redis, 'bench'));
    await server.ask<Memory>(DEVICES);
    await Promise.all(Array.from({ length: DEVICES }, (_, i) => redis.client.set(...pairOf(i))));
    const peer = await start(startFreeRadius('redis', DEVICES, redis.port));
    const measure = async (name: string, contenders: Contender[], make: Make): Promise<Figure[]> =>
      wants(name) ? ratios(name, OURS, await inTurns(load, contenders, make, seconds)) : [];
    const scaledOut = async (other: Child<Ports>): Promise<Figure[]> => {
      const loads = [load, await Load.open()] as const;
      started.unshift({ stop: async () => loads[1].close() });
      const pids = [server.pid, other.pid, redis.pid] as const;
      const work = (port: keyof Ports) => ({ pids, ports: [server.hello[port], other.hello[port]] as const });
      const [logins, reports] = [work('authenticationPort'), work('accountingPort')];
      return [
        ...(await scaleOut(
          loads,
          { ...logins, name: `${SCALE_OUT}.auth`, makes: [accessRequests(), accessRequests()], verify: isAccepted },
          seconds,
        )),
        ...(await scaleOut(
          loads,
          {
            ...reports,
            name: `${SCALE_OUT}.acct`,
            makes: [accountingRequests(), accountingRequests(FAR)],
            verify: isRecorded,
          },
          seconds,
        )),
      ];
    };
    const delays = ({ hello }: Child<Ports>): Promise<Figure[]> => {
      const ports = { remembered: server.hello.authenticationPort, asking: hello.authenticationPort };
      return rememberedOrAsked(OPEN, ports, DEVICES, isAccepted, seconds);
    };
    const contenders = (port: 'authenticationPort' | 'accountingPort', verify: Contender['verify']): Contender[] => [
      { name: OURS, port: server.hello[port], verify },
      { name: PEER, port: peer[port], verify },
    ];
    return [
      ...(await measure('radius.auth.redis', contenders('authenticationPort', isAccepted), accessRequests())),
      ...(await measure('radius.acct.redis', contenders('accountingPort', isRecorded), accountingRequests())),
      ...(wants(SCALE_OUT) ? await scaledOut(await start(serverOn(form, redis, 'bench'))) : []),
      ...(wants(OPEN) ? await delays(await start(serverOn(form, redis, 'bench', 'asking'))) : []),
      ...(wants('redis.') ? await manyGrants(seconds < SERIOUS_SECONDS ? MANY : VERY_MANY, seconds) : []),
    ];
  } finally {
    for (const one of started) await one.stop();
  }
};

function pairOf(index: number): [string, string] {
  const [key, value] = redisRecordOf(deviceOf(index));
  return [key, value];
}

function serverOn(form: Form, { port }: BenchRedis, prefix: string, ...how: 'asking'[]): Promise<Child<Ports>> {
  const store = { kind: 'redis', redis: { server: `127.0.0.1:${port}`, prefix } };
  return Child.start<Ports>(form, 'server.ts', JSON.stringify(store), ...how);
}
