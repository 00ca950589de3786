import { Router } from 'express';
import type { Portal } from '../portal';
import { TransparencyReport } from '../public/transparency';
import { languageOf, sendPage, translator } from '../respond';

/** `/transparency`: what is held right now, how old it is and when it goes, and what the last audit found. */
export function transparencyRoutes(portal: Portal): Router {
  const router = Router();
  const report = new TransparencyReport(portal);
  router.get('/transparency', async (request, response) => {
    const { at, held, audit } = await report.get();
    const language = languageOf(portal, request);
    const t = translator(portal, language);
    const format = portal.town.formats.get(language);
    const moment = (then: number): string => format?.moment(then, portal.clock.now()) ?? '';
    const audited =
      audit && t(audit.overdue.length > 0 ? 'transparency.failed' : 'transparency.passed', { at: moment(audit.at) });
    sendPage(portal, request, response, {
      name: 'transparency',
      title: t('transparency.title'),
      lead: t('transparency.lead'),
      language,
      cache: 'public, max-age=60',
      view: {
        audited: audited ?? t('status.never.text'),
        isLate: audit !== undefined && audit.overdue.length > 0,
        checked: moment(at),
        held: held.map(({ group, from, to, oldest, goes }) => ({
          title: t(`transparency.${group}`),
          count: `${from}–${to}`,
          oldest: oldest === undefined ? undefined : format?.ago(oldest),
          goes: t(`transparency.${goes.when}`, { duration: format?.duration(goes.time) ?? '' }),
        })),
      },
    });
  });
  return router;
}
