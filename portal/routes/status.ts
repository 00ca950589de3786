import { type Request, type Response, Router } from 'express';
import type { Site } from '../../config/schema';
import { type Availability, upRatio, usableRatio } from '../../core/availability';
import { blockingsInForce } from '../../core/blocking';
import type { Exam } from '../../core/exam';
import { timeOf } from '../../core/maintenance';
import { type Millis, SECOND } from '../../core/time';
import { isStatusWord } from '../../runtime/school-link';
import type { Format } from '../i18n/format';
import { type Portal, storing } from '../portal';
import { Reports } from '../public/reports';
import type { ApReport, SiteReport } from '../public/site-report';
import { languageOf, sendPage, type Translate, translator } from '../respond';
import { blockedLines } from './closed';

/** Public, and about access points only; a minute's rush on a school's page is answered from caches on the way. */
const CACHE = 'public, max-age=15';
/** A page that only its link shows stays with whom it was shown. */
const PRIVATE = 'private, no-store';

/**
 * Does the Wi-Fi work here? /status/<site> for people, /status/<site>.json for programs. Where the page is not public,
 * `?k=<word>` of the link shows it, and for everybody else there is none.
 */
export function statusRoutes(portal: Portal): Router {
  const router = Router();
  const reports = new Reports(portal);
  router.get('/status/:site', async (request, response, next) => {
    const asked = request.params.site;
    const wantsJson = asked.endsWith('.json');
    const site = portal.town.sites.get(wantsJson ? asked.slice(0, -'.json'.length) : asked);
    if (site === undefined || !maySee(portal, site, request)) {
      next();
      return;
    }
    const report = await reports.of(site);
    const exam = await storing(portal.store.findExam(site.id, portal.clock.now()));
    const cache = site.statusPage === 'public' ? CACHE : PRIVATE;
    if (wantsJson) response.set('Cache-Control', cache).json(jsonOf(report, exam, portal.clock.now()));
    else showStatus(portal, request, response, { report, exam, cache });
  });
  return router;
}

function maySee({ town }: Portal, site: Site, request: Request): boolean {
  if (site.statusPage === 'public') return true;
  if (site.statusLink === undefined) return false;
  return isStatusWord(String(request.query.k ?? ''), town.config.key.reveal(), site.id, site.statusLink);
}

const iso = (at: Millis): string => new Date(at).toISOString();

function jsonOf(report: SiteReport, exam: Exam | undefined, now: Millis) {
  const share = (window: Availability) => ({
    /** As users saw it. */
    upRatio: usableRatio(window) ?? null,
    /** Without what the uplink did. */
    deviceUpRatio: upRatio(window) ?? null,
    maintenanceSeconds: Math.round(window.maintenance / SECOND),
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
    availability: {
      within: report.site.rules.openingHours === undefined ? 'always' : 'opening-hours',
      ...{ last24Hours: share(report.day), last30Days: share(report.month), last12Months: share(report.year) },
    },
    maintenance: report.work.map((window) => {
      const { from, to } = timeOf(window);
      return { from: iso(from), until: iso(to), reason: window.reason };
    }),
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
  { report, exam, cache }: { report: SiteReport; exam: Exam | undefined; cache: string },
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
    cache,
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
        text: t(report.isStale && state === 'unknown' ? 'status.ap.stale' : `status.ap.${state}`, {
          since: format.moment(since, now),
        }),
      })),
      windows: (['day', 'month', 'year'] as const).map((span) => windowView(`status.${span}`, report[span], t, format)),
      counted: report.site.rules.openingHours === undefined ? t('status.counted') : t('status.counted.hours'),
      work: report.work.map((window) => {
        const { from, to } = timeOf(window);
        const times = { from: format.moment(from, now), until: format.moment(to, now), reason: window.reason };
        return t(from <= now ? 'status.work.now' : 'status.work.later', times);
      }),
      json: jsonAddress(report.site, request),
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
    down: count('down') + count('parent-down'),
    total: report.accessPoints.length,
  });
  return { state, title: t(`status.${state}`), text };
}

function jsonAddress({ id, statusPage }: Site, { query }: Request): string {
  const word = statusPage === 'public' ? '' : `?${new URLSearchParams({ k: String(query.k) })}`;
  return `/status/${id}.json${word}`;
}

function windowView(key: string, window: Availability, t: Translate, format: Format) {
  const up = usableRatio(window);
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
    const up = usableRatio(day);
    return up === undefined ? 'unknown' : up === 1 ? 'good' : up > 0.98 ? 'fair' : 'bad';
  });
  const count = (state: string): number => bars.filter((bar) => bar === state).length;
  return {
    bars,
    text: t('status.strip', { good: count('good'), bad: count('fair') + count('bad'), unknown: count('unknown') }),
  };
}
