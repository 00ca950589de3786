import { type Request, type Response, Router } from 'express';
import type { Site } from '../../config/schema';
import { examEnd } from '../../core/exam';
import { isSchoolWord } from '../../runtime/school-link';
import { seeOther } from '../answer';
import { readForm } from '../form';
import { LANGUAGE_PARAMETER } from '../i18n/language';
import { type Portal, storing } from '../portal';
import { languageOf, sendPage, translator } from '../respond';
import { isCrossSite } from '../security';
import { refuse } from './refuse';

/**
 * GET and POST /school/<site>?k=<word>: the school switches its Wi-Fi off until its exam is over. Whoever has the address
 * may; for everybody else there is no such page.
 */
export function schoolRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/school/:site', async (request, response, next) => {
    const site = schoolOf(portal, request);
    if (site === undefined) next();
    else await showSwitch(portal, request, response, site);
  });
  router.post('/school/:site', async (request, response, next) => {
    const site = schoolOf(portal, request);
    if (site === undefined) next();
    else if (isCrossSite(request, portal.town.config.portal.url)) refuse(portal, request, response, 'cross-site');
    else await turn(portal, request, response, site);
  });
  return router;
}

function schoolOf({ town }: Portal, request: Request): Site | undefined {
  const site = town.sites.get(String(request.params.site));
  if (site?.examLink === undefined) return undefined;
  const word = String(request.query.k ?? '');
  return isSchoolWord(word, town.config.key.reveal(), site.id, site.examLink) ? site : undefined;
}

async function turn(portal: Portal, request: Request, response: Response, site: Site): Promise<void> {
  const { store, clock, log, town } = portal;
  const form = await readForm(request);
  const now = clock.now();
  if (form.get('do') === 'end') {
    await storing(store.endExam(site.id, now));
    log.info('exam-ended', { site: site.id });
  } else {
    const typed = form.get('until') ?? '';
    const until = examEnd(typed, now, town.config.town.timeZone);
    if (until === undefined) {
      await showSwitch(portal, request, response, site, typed);
      return;
    }
    await storing(store.putExam({ site: site.id, until }));
    log.info('exam-set', { site: site.id });
  }
  // Reloading the page must not send the form again.
  const query = new URLSearchParams({ k: String(request.query.k), [LANGUAGE_PARAMETER]: languageOf(portal, request) });
  seeOther(portal, request, response, `/school/${site.id}?${query}`);
}

/** @param wrong  what was typed as the end, if it cannot be one */
async function showSwitch(
  portal: Portal,
  request: Request,
  response: Response,
  site: Site,
  wrong?: string,
): Promise<void> {
  const now = portal.clock.now();
  const exam = await storing(portal.store.findExam(site.id, now));
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const until = exam && portal.town.formats.get(language)?.moment(exam.until, now);
  sendPage(portal, request, response, {
    name: 'school',
    title: t('school.title', { site: site.name }),
    language,
    ...(wrong !== undefined && { status: 422 }),
    view: {
      state: until === undefined ? t('school.off') : t('school.on', { until }),
      isOn: exam !== undefined,
      wrong,
      action: `/school/${site.id}?${new URLSearchParams({ k: String(request.query.k), [LANGUAGE_PARAMETER]: language })}`,
    },
  });
}
