import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DeviceAddress } from '../../../core/mac';
import { closeStores, DEVICE, openndsRedirect, schoolFault, testPortal, townConfig, uamRedirect } from './town';

const servers: Server[] = [];

/** A server that already knows its port when its answers are made. */
export async function serve(make: (port: number) => RequestListener | Promise<RequestListener>): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  servers.push(server);
  server.on('request', await make(port));
  return port;
}

/**
 * A portal on a real port, and a gateway stand-in whose /logon brings the browser where the portal asked.
 * @param edit  changes the text of the configuration first
 */
export async function serveTown(edit: (yaml: string) => string = (yaml) => yaml) {
  const logons: URLSearchParams[] = [];
  const gatewayPort = await serve((port) => async (request, response) => {
    const url = new URL(request.url ?? '/', `http://127.0.0.1:${port}`);
    logons.push(url.searchParams);
    await redeem(url.searchParams.get('username'));
    const location = url.searchParams.get('userurl') ?? url.searchParams.get('redir');
    if (location === null) response.end('This is the gateway.');
    else response.writeHead(302, { Location: location }).end();
  });
  let portal: Awaited<ReturnType<typeof testPortal>> | undefined;
  /** As our RADIUS server does when the gateway asks it. */
  const redeem = async (username: string | null) => {
    const device = DeviceAddress.parse(DEVICE);
    if (username === null || device === undefined || portal === undefined) return;
    await portal.store.takeCredential({ username, gateway: 'plain', device, now: portal.clock.now() });
  };
  const port = await serve(async (own) => {
    const config = townConfig((yaml) =>
      edit(yaml)
        .replace('http://portal.test:8080', `http://127.0.0.1:${own}`)
        .replaceAll('port: 3990', `port: ${gatewayPort}`)
        .replace('10.77.0.1:2050', `127.0.0.1:${gatewayPort}`),
    );
    portal = await testPortal(config);
    await schoolFault(portal.store);
    return portal.app;
  });
  if (portal === undefined) throw new Error('no portal');
  const base = `http://127.0.0.1:${port}`;
  return {
    ...portal,
    base,
    gatewayPort,
    logons,
    uam: (changes = {}): string => base + uamRedirect('plain', { uamport: String(gatewayPort), ...changes }),
    opennds: (): string => base + openndsRedirect({ gatewayaddress: `127.0.0.1:${gatewayPort}` }),
  };
}

export type ServedTown = Awaited<ReturnType<typeof serveTown>>;

/** Ends every server and closes every store of a test file; for `afterAll`. */
export async function closeTowns(): Promise<void> {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
  await closeStores();
}
