import type { IncomingMessage, ServerResponse } from 'node:http';
import type { VisitRefusedReason } from '../../core/reasons';
import type { GatewayAdapter } from '../gateways/gateway';
import { NO_GATEWAY } from '../metrics';
import type { Portal } from '../portal';
import { languageOf, translator } from '../respond';
import { showMessage } from './errors';

/** Answers a redirect or form that cannot be used: what happened in plain words, and the way to a fresh start. */
export function refuse(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  reason: VisitRefusedReason,
  adapter?: GatewayAdapter,
): void {
  portal.metrics.refused(adapter?.id ?? NO_GATEWAY, reason);
  // At debug only: anybody can ask for this as often as they like, and the metric tells an operator the same.
  portal.log.debug('visit-refused', { reason, ...(adapter && { nas: adapter.id, site: adapter.site }) });
  const t = translator(portal, languageOf(portal, request));
  const expired = reason === 'visit-expired';
  const used = reason === 'visit-used';
  const ofForm = reason === 'visit-forged' || reason === 'cross-site';
  showMessage(portal, request, response, {
    status: reason === 'cross-site' ? 403 : 400,
    title: t(expired ? 'refused.expired' : used ? 'refused.used' : 'refused.title'),
    paragraphs: used
      ? [t('refused.used.text'), t('unsure.lead')]
      : [t(expired ? 'refused.expired.text' : ofForm ? 'refused.form.text' : 'refused.redirect.text')],
    restart: adapter?.restartUrl ?? null,
    ...(!expired && !used && { note: t('refused.code', { reason }) }),
  });
}
