import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayAdapter } from '../gateways/gateway';
import type { Portal } from '../portal';
import { languageOf, translator } from '../respond';
import { showMessage } from './errors';

/** Too many accept for devices that only their redirects name: a real visitor among them has to wait a little. */
export function showCrowded(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  { adapter, visit }: { readonly adapter: GatewayAdapter; readonly visit: string },
): void {
  portal.metrics.refused(adapter.id, 'too-many-unconfirmed');
  const t = translator(portal, languageOf(portal, request));
  response.setHeader('Retry-After', '180');
  showMessage(portal, request, response, {
    status: 503,
    title: t('error.store'),
    paragraphs: [t('busy.text')],
    retry: { visit, formTarget: adapter.origin },
  });
}

/** The visitor accepted, but the gateway could not be told in time: what happened, and a button that tries it again. */
export function showAway(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  { adapter, visit }: { readonly adapter: GatewayAdapter; readonly visit: string },
): void {
  portal.metrics.away(adapter.id);
  portal.log.debug('gateway-away', { nas: adapter.id, site: adapter.site });
  const t = translator(portal, languageOf(portal, request));
  response.setHeader('Retry-After', '10');
  showMessage(portal, request, response, {
    status: 503,
    title: t('away.title'),
    paragraphs: [t('away.text'), t('away.still')],
    retry: { visit, formTarget: adapter.origin },
  });
}
