import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errnoOf, OperatorError } from '../core/errors';

/** Where a server listens. Port 0 lets the system choose, which tests use. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/**
 * Opens a listening HTTP server.
 * @param what  who wants the port, for the error message: `the portal`
 * @param setting  where the port is set, for the remedy: `portal.listen`
 * @returns the port it listens on
 * @throws OperatorError LISTEN_FAILED in one sentence if the port is taken, forbidden, or not of this machine
 */
export async function listenHttp(server: Server, listen: Listen, what: string, setting: string): Promise<number> {
  const { host, port } = listen;
  try {
    return await listening(server, listen);
  } catch (error) {
    // Every address of a machine without IPv6 is every one of IPv4.
    if (host === '::' && errnoOf(error) === 'EAFNOSUPPORT') {
      return listenHttp(server, { host: '0.0.0.0', port }, what, setting);
    }
    throw listenError(error, where(listen), what, setting);
  }
}

function listening(server: Server, { host, port }: Listen): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** As it stands in an address: `127.0.0.1:8080`, `[::]:8080`. */
export function where({ host, port }: Listen): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Says why a port cannot be had, and what to do. */
export function listenError(error: unknown, where: string, what: string, setting: string): OperatorError {
  const [why, remedy] = {
    EADDRINUSE: ['another program uses it', `Stop that program or choose another port in ${setting}.`],
    EACCES: ['this user may not open it', `Choose a port above 1023 in ${setting}, or allow this one to the service.`],
    EADDRNOTAVAIL: ['this machine does not have that address', `Correct the address in ${setting}.`],
  }[errnoOf(error) ?? ''] ?? [error instanceof Error ? error.message : String(error), `Check ${setting}.`];
  return new OperatorError('LISTEN_FAILED', `Cannot open ${where} for ${what}: ${why}.`, remedy as string, {
    cause: error,
  });
}

/** Stops accepting, lets running requests end for at most `graceMs`, then closes what is left. */
export function closeHttp(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}
