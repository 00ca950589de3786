import type { Health, Outage, OutageCause, OutageChange } from '../../core/health';
import type { ApId } from '../../core/ids';
import { type Interval, within } from '../../core/intervals';
import { timeOf } from '../../core/maintenance';
import type { Millis } from '../../core/time';
import type { HealthStore } from '../store';
import type { Engine } from './engine';
import type { OutageRecord } from './health-record';
import { LAST } from './tables';

export function healthStore(engine: Engine): HealthStore {
  const { health, maintenance } = engine.tables;
  return {
    putHealth: (ap, next, change) => engine.write(() => putHealth(engine, ap, next, change)),
    allHealth: () => engine.read(() => new Map([...health.getRange()].map(({ key, value }) => [key, value]))),
    healthOf: (aps) =>
      engine.read(
        () =>
          new Map(
            aps.flatMap((ap) => {
              const kept = health.get(ap);
              return kept === undefined ? [] : [[ap, kept.health]];
            }),
          ),
      ),
    outages: (ap, window) => engine.read(() => outages(engine, ap, window)),
    watch: (now, tolerance) => engine.write(() => watch(engine, now, tolerance)),
    unwatched: (window, tolerance) => engine.read(() => unwatched(engine, window, tolerance)),
    putMaintenance: (window) =>
      engine.write(() => {
        maintenance.put(window.id, window);
      }),
    maintenance: (asked) =>
      engine.read(() =>
        [...maintenance.getRange()]
          .map(({ value }) => value)
          .filter((window) => window.from < asked.to && timeOf(window).to > asked.from)
          .sort((a, b) => a.from - b.from || compare(a.id, b.id)),
      ),
  };
}

function putHealth(engine: Engine, ap: ApId, health: Health, change: OutageChange | undefined): void {
  const { tables } = engine;
  const firstSeenAt = tables.health.get(ap)?.firstSeenAt ?? health.lastSeenAt;
  const last = change && latestOutages(engine, ap, Number.POSITIVE_INFINITY).next().value;
  const lasts = last !== undefined && last.to === undefined ? last : undefined;

  tables.health.put(ap, { health, ...(firstSeenAt !== undefined && { firstSeenAt }) });
  const put = (from: Millis, record: OutageRecord): void => void tables.outages.put([ap, from], record);
  if (change?.kind === 'open') put(lasts?.from ?? change.from, withCause(change.cause));
  if (change?.kind === 'close' && lasts) put(lasts.from, { to: change.to, ...withCause(change.cause ?? lasts.cause) });
  if (change?.kind === 'turn') {
    if (lasts) put(lasts.from, { to: change.at, ...withCause(lasts.cause) });
    put(change.at, withCause(change.cause));
  }
}

function withCause(cause: OutageCause | undefined): { readonly cause?: OutageCause } {
  return cause === undefined ? {} : { cause };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Outages do not overlap, so going back from the end of the window the first that ended before it is the end. */
function outages(engine: Engine, ap: ApId, window: Interval): Outage[] {
  const overlapping: Outage[] = [];
  for (const outage of latestOutages(engine, ap, window.to)) {
    if (outage.to !== undefined && outage.to <= window.from) break;
    overlapping.push(outage);
  }
  return overlapping.reverse();
}

/** The outages that began before a moment, the latest first. */
function* latestOutages({ tables }: Engine, ap: ApId, before: Millis): Generator<Outage, undefined> {
  const start = before === Number.POSITIVE_INFINITY ? [ap, LAST] : [ap, before];
  for (const { key, value } of tables.outages.getRange({ start, end: [ap], reverse: true })) {
    const [, from] = key;
    if (from < before) yield { from, ...value };
  }
  return undefined;
}

/** Nobody watched before the first word, so the last word before that is the beginning of time. */
function lastWord({ tables }: Engine): Millis {
  const at = tables.meta.get('watched-until');
  return typeof at === 'number' ? at : 0;
}

function watch(engine: Engine, now: Millis, tolerance: Millis): void {
  const { meta, unwatched } = engine.tables;
  const last = lastWord(engine);
  if (now - last > tolerance) unwatched.put(last, now);
  if (now < last) cutAt(engine, now);
  meta.put('watched-until', now);
}

/** The clock was ahead and is right again: what it said about the time to come has not happened. */
function cutAt({ tables: { unwatched } }: Engine, now: Millis): void {
  const ahead = [...unwatched.getRange()].filter(({ value: to }) => to > now);
  for (const { key: from } of ahead) {
    if (from < now) unwatched.put(from, now);
    else unwatched.remove(from);
  }
}

function unwatched(engine: Engine, window: Interval, tolerance: Millis): Interval[] {
  const kept = [...engine.tables.unwatched.getRange({ end: window.to })].map(({ key: from, value: to }) => ({
    from,
    to,
  }));
  const last = lastWord(engine);
  const silence = window.to - last > tolerance ? [{ from: last, to: window.to }] : [];
  return within(window, [...kept, ...silence]);
}
