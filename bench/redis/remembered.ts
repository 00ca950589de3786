import { type Figure, median } from '../figure';
import type { Verify } from '../radius/load';
import { type Delays, openLoop, quantile } from '../radius/open-loop';
import { accessRequestOf, deviceOf } from '../radius/requests';

const SLICE_MS = 1_000;
const WARM_UP = 2;
/** A second: what a town hardly ever sends, and a server that asks Redis each time can still answer. */
const RATE = 2_000;

/**
 * How long a login waits where grants are remembered while Redis tells of no change, and where each login asks Redis: two
 * servers on one Redis, a second in turns, sent at a fixed rate whether or not answers come.
 */
export async function rememberedOrAsked(
  name: string,
  ports: { readonly remembered: number; readonly asking: number },
  devices: number,
  verify: Verify,
  seconds: number,
): Promise<Figure[]> {
  const makeRequest = (n: number, identifier: number): Buffer => accessRequestOf(identifier, deviceOf(n % devices));
  const measure = (port: number): Promise<Delays> => openLoop(RATE, SLICE_MS, port, makeRequest, verify);
  // Each device has to have been met once by who remembers.
  for (let sent = 0; sent < devices; sent += (RATE * SLICE_MS) / 1_000) {
    const offset = sent;
    await openLoop(RATE, SLICE_MS, ports.remembered, (n, id) => makeRequest(n + offset, id), verify);
  }
  const rounds: [Delays, Delays][] = [];
  for (let round = 0; round < WARM_UP + Math.max(3, seconds); round++) {
    const pair: [Delays, Delays] = [await measure(ports.remembered), await measure(ports.asking)];
    if (round >= WARM_UP) rounds.push(pair);
  }
  return [0.5, 0.99].map((share) => {
    const remembered = rounds.map(([one]) => quantile(one, share));
    const ratios = rounds.map(([one, other]) => quantile(one, share) / quantile(other, share));
    const against = 'asking each time';
    return { name: `${name}.p${100 * share}`, value: median(remembered), unit: 'ms', against, ratio: median(ratios) };
  });
}
