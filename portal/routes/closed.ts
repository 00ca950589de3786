import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Site } from '../../config/schema';
import { blockingsInForce } from '../../core/blocking';
import { type SiteAccess, siteAccess } from '../../core/site-access';
import type { Millis } from '../../core/time';
import { type Soon, whenThere } from '../../runtime/soon';
import { type Portal, storing } from '../portal';
import { languageOf, type Translate, translator } from '../respond';
import { showMessage } from './errors';

/**
 * Whether the site lets anybody online now: by its hours, and by the exam that it has set. A store that does not say
 * keeps nobody from the page; RADIUS knows the exam all the same.
 */
export function accessOf({ store }: Portal, { id, rules }: Site, now: Millis): Soon<SiteAccess> {
  const exam = store.findExam(id, now);
  const known = exam instanceof Promise ? storing(exam).catch(() => undefined) : exam;
  return whenThere(known, (found) => siteAccess(rules, now, found));
}

/**
 * Answers a visitor of a site that lets nobody online now with a page that says why and until when. False if it does.
 * @param hint  the language that the gateway supposes
 */
export function refuseIfClosed(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  site: Site,
  hint?: string,
): Soon<boolean> {
  const now = portal.clock.now();
  return whenThere(accessOf(portal, site, now), (access) => {
    if (!access.isOpen) showClosed(portal, request, response, site, { access, now, hint });
    return !access.isOpen;
  });
}

interface Closed {
  readonly access: Extract<SiteAccess, { isOpen: false }>;
  readonly now: Millis;
  readonly hint: string | undefined;
}

function showClosed(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  site: Site,
  { access, now, hint }: Closed,
): void {
  const { reason, until } = access;
  portal.log.debug('visit-rejected', { site: site.id, reason });
  const language = languageOf(portal, request, hint);
  const t = translator(portal, language);
  const when = until === undefined ? undefined : portal.town.formats.get(language)?.moment(until, now);
  showMessage(portal, request, response, {
    status: 403,
    language,
    title: t(`${reason}.title`),
    paragraphs: [t(`${reason}.text`, { site: site.name }), ...(when ? [t('site-closed.opens', { when })] : [])],
  });
}

/** What is blocked at a site, in whole sentences. */
export function blockedLines({ rules }: Site, t: Translate, day: (at: Millis) => string, now: Millis): string[] {
  return blockingsInForce(rules.blockings ?? [], now).map(({ targets, reason, until }) =>
    t('blocked.line', { targets: targets.join(', '), reason, until: day(until - 1) }),
  );
}
