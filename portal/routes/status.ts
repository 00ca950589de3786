import { type Request, type Response, Router } from 'express';
import type { Site } from '../../config/schema';
import { type Availability, upRatio } from '../../core/availability';
import { blockingsInForce } from '../../core/blocking';
import type { Exam } from '../../core/exam';
import type { Millis } from '../../core/time';
import type { Format } from '../i18n/format';
import { type Portal, storing } from '../portal';
import { type ApReport, type SiteReport, siteReport } from '../public/site-report';
import { languageOf, sendPage, type Translate, translator } from '../respond';
import { blockedLines } from './closed';

/** Public, and about access points only; a minute's rush on a school's page is answered from caches on the way. */
const CACHE = 'public, max-age=15';

/** Does the Wi-Fi work here? /status/<site> for people, /status/<site>.json for programs. */
export function statusRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/status/:site', async (request, response, next) => {
    const asked = request.params.site;
    const wantsJson = asked.endsWith('.json');
    const site = portal.town.sites.get(wantsJson ? asked.slice(0, -'.json'.length) : asked);
    if (site?.statusPage !== 'public') {
      next();
      return;
    }
    const report = await reportOf(portal, site);
    const exam = await storing(portal.store.findExam(site.id, portal.clock.now()));
    if (wantsJson) response.set('Cache-Control', CACHE).json(jsonOf(report, exam, portal.clock.now()));
    else showStatus(portal, request, response, report, exam);
  });
  return router;
}

function reportOf(portal: Portal, site: Site): Promise<SiteReport> {
  return storing(siteReport(portal.store, portal.town.config, site, portal.clock.now()));
}

const iso = (at: Millis): string => new Date(at).toISOString();

function jsonOf(report: SiteReport, exam: Exam | undefined, now: Millis) {
  const share = (window: Availability) => ({
    upRatio: upRatio(window) ?? null,
    watchedRatio: watchedRatio(window) ?? null,
  });
  return {
    site: report.site.id,
    name: report.site.name,
    state: report.isStale ? 'unknown' : report.status.state,
    since: report.isStale ? null : iso(report.status.since),
    checkedAt: report.checkedAt === undefined ? null : iso(report.checkedAt),
    examUntil: exam === undefined ? null : iso(exam.until),
    blocked: blockingsInForce(report.site.rules.blockings ?? [], now).map(({ targets, reason, until }) => {
      return { targets, reason, until: iso(until) };
    }),
    accessPoints: report.accessPoints.map(({ id, name, state, since }) => ({ id, name, state, since: iso(since) })),
    availability: { last24Hours: share(report.day), last30Days: share(report.month) },
  };
}

function watchedRatio({ up, down, parentDown, maintenance, unknown }: Availability): number | undefined {
  const known = up + down + parentDown + maintenance;
  return known + unknown === 0 ? undefined : known / (known + unknown);
}

function showStatus(
  portal: Portal,
  request: Request,
  response: Response,
  report: SiteReport,
  exam: Exam | undefined,
): void {
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const format = portal.town.formats.get(language);
  if (format === undefined) throw new Error(`No format for ${language}.`);
  const now = portal.clock.now();
  const { email, phone } = portal.town.config.town.contact;
  sendPage(portal, request, response, {
    name: 'status',
    title: t('status.title', { site: report.site.name }),
    language,
    cache: CACHE,
    view: {
      site: report.site,
      exam: exam && t('status.exam', { until: format.moment(exam.until, now) }),
      blocked: blockedLines(report.site, t, (at) => format.day(at), now),
      light: light(report, t, format, now),
      checked: report.checkedAt === undefined ? undefined : format.moment(report.checkedAt, now),
      isStale: report.isStale,
      accessPoints: report.accessPoints.map(({ name, state, since }) => ({
        name,
        state,
        text: t(`status.ap.${state}`, { since: format.moment(since, now) }),
      })),
      windows: [windowView('status.day', report.day, t, format), windowView('status.month', report.month, t, format)],
      strip: strip(report.days, t),
      contact: phone ?? email,
    },
  });
}

/** The traffic light: a state, a heading and one sentence. */
function light(report: SiteReport, t: Translate, format: Format, now: Millis) {
  if (report.accessPoints.length === 0)
    return { state: 'unknown', title: t('status.unknown'), text: t('status.empty.text') };
  if (report.isStale) {
    const { checkedAt } = report;
    const text =
      checkedAt === undefined
        ? t('status.never.text')
        : t('status.stale.text', { ago: format.ago(now - checkedAt), checked: format.moment(checkedAt, now) });
    return { state: 'unknown', title: t('status.stale'), text };
  }
  const { state, since } = report.status;
  const count = (of: ApReport['state']): number => report.accessPoints.filter((ap) => ap.state === of).length;
  const sentence = state === 'works' && count('unknown') > 0 ? 'works.some' : state;
  const text = t(`status.${sentence}.text`, {
    since: format.moment(since, now),
    up: count('up'),
    down: count('down'),
    total: report.accessPoints.length,
  });
  return { state, title: t(`status.${state}`), text };
}

function windowView(key: string, window: Availability, t: Translate, format: Format) {
  const up = upRatio(window);
  const watched = watchedRatio(window) ?? 0;
  return {
    name: t(key),
    value: up === undefined ? t('status.noData') : format.percent(up),
    note: up === undefined || watched > 0.995 ? '' : t('status.watched', { share: format.percent(watched) }),
  };
}

/** One bar a day; the sentence says the same for those who do not see it. */
function strip(days: readonly Availability[], t: Translate) {
  const bars = days.map((day) => {
    const up = upRatio(day);
    return up === undefined ? 'unknown' : up === 1 ? 'good' : up > 0.98 ? 'fair' : 'bad';
  });
  const count = (state: string): number => bars.filter((bar) => bar === state).length;
  return {
    bars,
    text: t('status.strip', { good: count('good'), bad: count('fair') + count('bad'), unknown: count('unknown') }),
  };
}
