import { join } from 'node:path';
import { DEVICE_HEADER, SimulatedGateway } from '../../demo/gateway';
import { walkIn } from '../../demo/visitors';
import { systemClock } from '../../runtime/clock';
import { silentLog } from '../../runtime/log';
import { systemRandom } from '../../runtime/random';
import { startProcess } from './process';
import { gatewayOf, type Product } from './product';
import { until } from './wait';

/** Where the product's RADIUS server listens. */
export function radiusOf({ ports }: Product) {
  return { host: '127.0.0.1', authenticationPort: ports.authentication, accountingPort: ports.accounting };
}

/** A UAM gateway before the product, for visitors to walk into. */
export async function startGateway(product: Product): Promise<SimulatedGateway> {
  const gateway = new SimulatedGateway({
    gateway: gatewayOf(product),
    portalUrl: product.portalUrl,
    radius: radiusOf(product),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  await gateway.start();
  return gateway;
}

/** Walks in. The disk of a busy machine may be later than a login can wait for; then the visitor taps again. */
export function getIn(gateway: SimulatedGateway, device: string): Promise<true> {
  return until('a visitor is online', async () => (await walkIn(gateway.url, device)).online);
}

/** Whether the gateway lets this device through. */
export async function isOnline(gateway: SimulatedGateway, device: string): Promise<boolean> {
  const answer = await fetch(gateway.url, { headers: { [DEVICE_HEADER]: device }, redirect: 'manual' });
  return answer.status === 200;
}

/** `stadtfunk ...`, as an operator runs it beside the product. */
export async function operate(product: Product, ...words: string[]): Promise<{ code: number | null; output: string }> {
  const command = startProcess(['dist/main.js', ...words, '--config', join(product.folder, 'town.yaml')]);
  const { code } = await until('the command has ended', () => {
    const exit = command.exitCode();
    return exit === undefined ? undefined : { code: exit };
  });
  return { code, output: command.output() };
}
