import type { Request } from 'express';

/**
 * The Content-Security-Policy of a page: nothing but its own style, nothing loaded, no script.
 * @param formTargets  origins to which its form may lead. Chromium holds every redirect that follows the form against
 *   this list, so the gateway's must be in it.
 */
export function contentSecurityPolicy(styleHash: string, formTargets: readonly string[]): string {
  return [
    "default-src 'none'",
    `style-src ${styleHash}`,
    // The empty icon, which keeps browsers from asking for /favicon.ico.
    'img-src data:',
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join(';');
}

/**
 * Does the browser say that a form of another site sent this request? Old phones and the small browsers that open for
 * captive portals say nothing, or `Origin: null`; the sealed field protects them.
 */
export function isCrossSite(request: Request, portalUrl: string): boolean {
  const site = request.get('Sec-Fetch-Site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = request.get('Origin');
  if (origin === undefined || origin === 'null') return false;
  const ours = [new URL(portalUrl).host, request.get('Host')];
  return !(URL.canParse(origin) && ours.includes(new URL(origin).host));
}
