import type { Blocking } from '../core/blocking';
import { ALWAYS, type OpeningHours } from '../core/opening-hours';
import { DAY, type Millis, momentOf } from '../core/time';
import { readCalendar } from './calendar';
import type { Config, Site } from './schema';

/** Gives the rules of each site what stands elsewhere in the file: time zone, holidays, terms, blockings. */
export function withWholeRules(config: Config, folder: string): Config {
  const { timeZone } = config.town;
  const startOf = (date: string): Millis => momentOf(Date.parse(date), timeZone);
  const calendars = new Map(
    config.calendars.map(({ id, file }) => {
      const read = readCalendar(file, folder);
      return [id, read.ok ? read.days : new Set<string>()] as const;
    }),
  );
  const sites = config.sites.map((site) => {
    const versions = site.terms?.versions ?? config.terms.versions;
    const terms = versions.map(({ validFrom, ...version }) => ({ ...version, validFrom: startOf(validFrom) }));
    const openingHours = hoursOf(site, timeZone, calendars);
    const blockings = config.blockings
      .filter((one) => one.sites?.includes(site.id) ?? true)
      .map(({ id, targets, reason, filter, from, until }): Blocking => {
        const days = { from: startOf(from), until: momentOf(Date.parse(until) + DAY, timeZone) };
        return { id, targets, reason, ...(filter !== undefined && { filter }), ...days };
      });
    const rules = { ...site.rules, terms, blockings, ...(openingHours !== undefined && { openingHours }) };
    return { ...site, rules };
  });
  return { ...config, sites };
}

function hoursOf(
  { rules }: Site,
  timeZone: string,
  calendars: ReadonlyMap<string, ReadonlySet<string>>,
): OpeningHours | undefined {
  const { openingHours, closedOn = [] } = rules;
  if (openingHours === undefined && closedOn.length === 0) return undefined;
  const periods = openingHours?.periods ?? ALWAYS;
  if (closedOn.length === 0) return { timeZone, periods };
  return { timeZone, periods, closedOn: new Set(closedOn.flatMap((id) => [...(calendars.get(id) ?? [])])) };
}
