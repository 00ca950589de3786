import type { UamGateway } from '../../config/schema';

/** How the form was answered that accepts the terms. */
export interface Acceptance {
  readonly status: number;
  /** What the page says first; empty where it is a redirect. */
  readonly heading: string;
  readonly retryAfter: string | null;
  /** Where the portal sends the browser. */
  readonly location: string | null;
}

/** What it draws for each device, so that a password does not pass it in clear. */
export const CHALLENGE = '0123456789abcdef0123456789abcdef';

/** Where a UAM gateway sends the browser of a device. */
export function redirectOf(gateway: UamGateway, device: string): string {
  const query = new URLSearchParams({
    res: 'notyet',
    uamip: gateway.uam.address,
    uamport: String(gateway.uam.port),
    challenge: CHALLENGE,
    called: '02-00-00-00-00-01',
    mac: device.replaceAll(':', '-').toUpperCase(),
    ip: '10.1.0.2',
    nasid: gateway.id,
    sessionid: '0123456789abcdef',
    userurl: 'http://example.test/',
  });
  return `/uam/${gateway.id}?${query}`;
}

/**
 * A visitor who is redirected by a UAM gateway, reads the terms and accepts them.
 * @returns undefined if the portal shows no terms
 */
export async function accept(portalUrl: string, gateway: UamGateway, device: string): Promise<Acceptance | undefined> {
  const page = await (await fetch(portalUrl + redirectOf(gateway, device))).text();
  const visit = /name="visit" value="([^"]+)"/.exec(page)?.[1];
  if (visit === undefined) return undefined;
  const body = new URLSearchParams({ visit });
  const accepted = await fetch(`${portalUrl}/accept`, { method: 'POST', body, redirect: 'manual' });
  const heading = /<h1[^>]*>([^<]*)/.exec(await accepted.text())?.[1]?.trim() ?? '';
  const { status, headers } = accepted;
  return { status, heading, retryAfter: headers.get('retry-after'), location: headers.get('location') };
}

/** The same; returns where the portal sends the browser: the gateway's login with a fresh credential. */
export async function acceptTerms(portalUrl: string, gateway: UamGateway, device: string): Promise<URL | undefined> {
  const accepted = await accept(portalUrl, gateway, device);
  return accepted?.status === 303 && accepted.location !== null ? new URL(accepted.location) : undefined;
}
