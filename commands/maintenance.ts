import { z } from 'zod';
import type { Config } from '../config/schema';
import { OperatorError } from '../core/errors';
import { DAY, localDate, momentOf } from '../core/time';
import { systemClock } from '../runtime/clock';
import { askProduct, configOfProduct } from './ask-product';
import { END_MAINTENANCE, LIST_MAINTENANCE, START_MAINTENANCE } from './maintenance-desk';

export interface MaintenanceOptions {
  readonly config: string;
  readonly site?: string;
  readonly ap?: string;
}

/** `stadtfunk maintenance start --site S --until 14:00`: nobody is alarmed, and the time does not count. @returns the exit code */
export async function maintenanceStart(
  options: MaintenanceOptions & { readonly until: string; readonly reason: string },
): Promise<number> {
  const config = configOfProduct(options.config);
  const scope = scopeOf(options, config);
  const until = momentIn(options.until, config.town.timeZone);
  const asked = { ...scope, until, reason: options.reason };
  for await (const _ of askProduct(config, START_MAINTENANCE, asked, z.unknown()));
  process.stdout.write(`${described({ ...asked, from: systemClock.now() }, config)}.\n`);
  return 0;
}

/** `stadtfunk maintenance end --site S`: the work is done. @returns the exit code */
export async function maintenanceEnd(options: MaintenanceOptions): Promise<number> {
  const config = configOfProduct(options.config);
  const scope = scopeOf(options, config);
  let count = 0;
  const shape = z.object({ ended: z.number() });
  for await (const said of askProduct(config, END_MAINTENANCE, scope, shape)) count = said.ended;
  const what = options.site ?? options.ap ?? '';
  process.stdout.write(count > 0 ? `${what}: the maintenance is over.\n` : `${what}: no maintenance was running.\n`);
  return 0;
}

const window = z.object({
  ...{ sites: z.array(z.string()), accessPoints: z.array(z.string()) },
  ...{ from: z.number(), until: z.number(), reason: z.string() },
});

/** `stadtfunk maintenance list`: what runs. @returns the exit code */
export async function maintenanceList(options: { readonly config: string }): Promise<number> {
  const config = configOfProduct(options.config);
  const lines: string[] = [];
  for await (const work of askProduct(config, LIST_MAINTENANCE, {}, window))
    lines.push(`${described(work, config)}.\n`);
  process.stdout.write(lines.length > 0 ? lines.join('') : 'No maintenance is running.\n');
  return 0;
}

function scopeOf({ site, ap }: MaintenanceOptions, { sites, accessPoints }: Config) {
  if ((site === undefined) === (ap === undefined)) {
    throw new OperatorError('CONFIG_SCOPE', 'Nothing or too much is named.', 'Name either --site or --ap.');
  }
  const [known, id, what] = site !== undefined ? [sites, site, 'site'] : [accessPoints, ap ?? '', 'access point'];
  if (!known.some((one) => one.id === id)) {
    const ids = known.map((one) => one.id).join(', ');
    throw new OperatorError('CONFIG_SCOPE', `There is no ${what} ${id}.`, `There are: ${ids}.`);
  }
  return site !== undefined ? { sites: [id], accessPoints: [] } : { sites: [], accessPoints: [id] };
}

const UNTIL = /^(?:(?<date>\d{4}-\d\d-\d\d) )?(?<time>([01]\d|2[0-3]):[0-5]\d)$/;
/** Longer is no maintenance but a fault that nobody looks for. */
const LONGEST = 14 * DAY;

/** `14:00` of today, or `2026-12-01 08:00`, as the clocks of the town show it. */
function momentIn(text: string, timeZone: string): number {
  const now = systemClock.now();
  const { date = localDate(now, timeZone), time = '' } = UNTIL.exec(text.trim())?.groups ?? {};
  const at = momentOf(Date.parse(`${date}T${time}Z`), timeZone);
  if (at > now && at <= now + LONGEST) return at;
  const remedy = 'Write a time of today that is still to come, like 14:00, or one of the next two weeks with its date.';
  throw new OperatorError('CONFIG_TIME', `Maintenance cannot end at ${JSON.stringify(text)}.`, remedy);
}

function described(work: z.output<typeof window>, { town: { timeZone } }: Config): string {
  const places = [...work.sites, ...work.accessPoints].join(', ') || 'everywhere';
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const reason = work.reason === '' ? '' : ` (${work.reason})`;
  return `${places}: maintenance from ${format.format(work.from)} until ${format.format(work.until)}${reason}`;
}
