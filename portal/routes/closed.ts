import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Site } from '../../config/schema';
import { openingAt } from '../../core/opening-hours';
import type { Portal } from '../portal';
import { languageOf, translator } from '../respond';
import { showMessage } from './errors';

/** Answers a visitor of a site that is closed at this hour with a page that says when it opens. False if it is open. */
export function refuseIfClosed(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  site: Site,
): boolean {
  const now = portal.clock.now();
  const opening = site.rules.openingHours && openingAt(site.rules.openingHours, now);
  if (opening === undefined || opening.isOpen) return false;
  portal.log.debug('visit-rejected', { site: site.id, reason: 'site-closed' });
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const { changesAt } = opening;
  const when = changesAt === undefined ? undefined : portal.town.formats.get(language)?.moment(changesAt, now);
  showMessage(portal, request, response, {
    status: 403,
    title: t('site-closed.title'),
    paragraphs: [t('site-closed.text', { site: site.name }), ...(when ? [t('site-closed.opens', { when })] : [])],
  });
  return true;
}
