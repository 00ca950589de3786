import { join } from 'node:path';
import type { Config, Language, Site } from '../config/schema';
import type { GatewayId, SiteId } from '../core/ids';
import type { Clock } from '../runtime/clock';
import type { Live } from '../runtime/live';
import type { Log } from '../runtime/log';
import { packageRoot } from '../runtime/package-root';
import type { Random } from '../runtime/random';
import { Patience } from '../runtime/within';
import type {
  AuditStore,
  DisclosureStore,
  EndStore,
  ExamStore,
  FeedbackStore,
  GrantStore,
  HealthStore,
  OnceStore,
  SessionStore,
  WaitingStore,
} from '../store/store';
import { AcceptedPages } from './accepted-pages';
import { type Arrival, type Connection, connectionSeals } from './connection';
import { type FeedbackForm, feedbackSeal } from './feedback';
import type { GatewayAdapter, GatewayServices } from './gateways/gateway';
import { adaptersOf } from './gateways/index';
import { Guests } from './gateways/unifi/guests';
import { Pace } from './gateways/unifi/pace';
import { Format } from './i18n/format';
import { loadLocales, type Sentences } from './i18n/locales';
import type { PortalMetrics } from './metrics';
import { loadPages, type Pages } from './pages';
import { Recent } from './recent';
import type { PreparedPage } from './respond';
import type { Seal } from './seal';
import { type SecurityHeaders, securityHeaders } from './security';
import { loadTexts, type Texts } from './texts';
import { Unconfirmed } from './unconfirmed';
import { VisitSeal } from './visit-seal';

/** Prepared pages take about 8 kB each: enough for every language at a hundred gateways, in one encoding. */
const PREPARED_PAGES = 2_000;
const CHOICES = 1_000;

/** Everything made from the configuration; made anew when it is exchanged. */
export interface Town {
  readonly config: Config;
  readonly adapters: ReadonlyMap<GatewayId, GatewayAdapter>;
  readonly sites: ReadonlyMap<SiteId, Site>;
  readonly texts: Texts;
  readonly formats: ReadonlyMap<Language, Format>;
  readonly visits: VisitSeal;
  readonly arrivals: Seal<Arrival>;
  readonly connections: Seal<Connection>;
  readonly feedbackForms: Seal<FeedbackForm>;
  readonly headers: SecurityHeaders;
  readonly prepared: Recent<string, PreparedPage>;
  /** The language of a request, by what its address and its header say; undefined if they ask for none that there is. */
  readonly chosen: Recent<string, Language | undefined>;
}

/** @throws OperatorError if a text that the configuration names is missing */
export function makeTown(config: Config, random: Random, services: GatewayServices): Town {
  const key = config.key.reveal();
  return {
    config,
    adapters: adaptersOf(config, services),
    sites: new Map(config.sites.map((site) => [site.id, site])),
    texts: loadTexts(config),
    formats: new Map(
      config.town.languages.map((language) => [language, new Format(language, config.town.timeZone)] as const),
    ),
    visits: new VisitSeal(key, random),
    ...connectionSeals(key, random),
    feedbackForms: feedbackSeal(key, random),
    headers: securityHeaders(config),
    prepared: new Recent(PREPARED_PAGES),
    chosen: new Recent(CHOICES),
  };
}

/** What the portal needs from outside. */
export interface PortalDependencies {
  readonly config: Live<Config>;
  readonly store: GrantStore &
    SessionStore &
    EndStore &
    WaitingStore &
    HealthStore &
    DisclosureStore &
    FeedbackStore &
    ExamStore &
    OnceStore &
    AuditStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What the routes work with. */
export interface Portal extends PortalDependencies {
  readonly services: GatewayServices;
  readonly accepted: AcceptedPages;
  readonly unconfirmed: Unconfirmed;
  readonly town: Town;
  readonly metrics: PortalMetrics;
  readonly pages: Pages;
  readonly locales: ReadonlyMap<Language, Sentences>;
}

/**
 * Loads templates and texts, and keeps up with exchanges of the configuration: one whose texts are missing is reported
 * and the last good town goes on.
 * @param templates  the folder of the templates; the product's own unless a test brings another
 * @throws OperatorError naming the file that is missing or broken
 */
export function openPortal(
  dependencies: PortalDependencies,
  metrics: PortalMetrics,
  templates = join(packageRoot, 'templates'),
): Portal {
  const { config, clock, random, log } = dependencies;
  const services: GatewayServices = {
    ...{ clock, random, log, waiting: dependencies.store },
    ...{ guests: new Guests(), guestPace: new Pace(random) },
  };
  let town = makeTown(config.current, random, services);
  metrics.announce(config.current);
  config.onChange((next) => {
    try {
      town = makeTown(next, random, services);
      metrics.announce(next);
    } catch (error) {
      log.error('portal-texts-unusable', { message: String(error) });
    }
  });
  return {
    ...dependencies,
    services,
    accepted: new AcceptedPages(random),
    unconfirmed: new Unconfirmed(clock, random),
    metrics,
    pages: loadPages(templates),
    locales: loadLocales(join(templates, 'locales')),
    get town() {
      return town;
    },
  };
}

/** The store did not do what it was asked; the visitor is told so in plain words. */
export class StoreFailed extends Error {}

/** With the store of this process. A visitor who waits longer than this believes that nothing works. */
const patience = new Patience(3_000, 750);

/** Waits for the store, but not for ever; whatever it throws becomes a StoreFailed. */
export async function storing<T>(operation: T | Promise<T>): Promise<T> {
  try {
    return await (operation instanceof Promise ? patience.wait(operation) : operation);
  } catch (cause) {
    throw new StoreFailed('The store failed.', { cause });
  }
}
