import { Counter, Gauge } from 'prom-client';
import type { Config } from '../config/schema';
import type { GatewayId, SiteId } from '../core/ids';
import { FEWEST_TOLD } from '../core/privacy';
import { VISIT_REFUSED, type VisitRefusedReason } from '../core/reasons';
import type { Usage } from '../core/session';
import { PREFIX, type Registry, SCRAPE_PATIENCE_MS } from '../runtime/metrics';
import { SiteUsage } from '../runtime/site-usage';
import { Durations, Tally } from '../runtime/tally';
import { within } from '../runtime/within';
import { ENDINGS, type Ending } from './ending';
import { FEEDBACK_RESULTS, type FeedbackResult } from './feedback';
import { AGENT_RESULTS, type AgentResult } from './gateways/opennds/agent';
import { PROBE_KINDS } from './probe-kinds';

/** Where a recognised visitor stood. */
export const VISIT_RESULTS = ['captive', 'online', 'offline'] as const;
export type VisitResult = (typeof VISIT_RESULTS)[number];

export const OPERATIONS = [
  'view',
  'accept',
  'connected',
  'disconnect',
  'me',
  'feedback',
  'captive',
  'status',
  'other',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The gateway label of requests that name no configured gateway. */
export const NO_GATEWAY = 'none';

/** What the portal counts. */
export class PortalMetrics {
  readonly #visits: Tally;
  readonly #grants: Tally;
  readonly #languages: Tally;
  readonly #refused: Counter<'gateway' | 'reason'>;
  readonly #placed: Tally;
  readonly #away: Counter<'gateway'>;
  readonly #captive: Counter<'gateway' | 'result'>;
  readonly #probes: Counter<'kind'>;
  readonly #asked: Counter<'gateway' | 'kind' | 'result'>;
  readonly #siteUsage: SiteUsage;
  readonly #ends: Counter<'result'>;
  readonly #feedback: Counter<'result'>;
  readonly #seconds: Durations<Operation>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#visits = new Tally({
      name: `${PREFIX}portal_visits_total`,
      help: 'Browsers that a gateway sent to the portal, by where they stood: captive, online, offline.',
      labelNames: ['gateway', 'result'],
      registers,
    });
    this.#grants = new Tally({
      name: `${PREFIX}portal_grants_total`,
      help: 'Acceptances of the terms that were stored.',
      labelNames: ['site'],
      registers,
    });
    this.#languages = new Tally(
      {
        name: `${PREFIX}portal_grants_by_language_total`,
        help: 'The same, of all sites together, by the language in which the terms were shown; in whole fives, for one reader of a rare language is known to everybody in a village.',
        labelNames: ['language'],
        registers,
      },
      FEWEST_TOLD,
    );
    this.#refused = new Counter({
      name: `${PREFIX}portal_refused_total`,
      help: 'Redirects and forms that the portal refused.',
      labelNames: ['gateway', 'reason'],
      registers,
    });
    this.#placed = new Tally({
      name: `${PREFIX}portal_visit_access_points_total`,
      help: 'Captive visitors by whether their redirect names an access point that is known: known, unknown.',
      labelNames: ['gateway', 'result'],
      registers,
    });
    this.#away = new Counter({
      name: `${PREFIX}portal_gateway_away_total`,
      help: 'Visitors who accepted the terms but could not be let in, because the gateway or its controller did not do it in time.',
      labelNames: ['gateway'],
      registers,
    });
    this.#captive = new Counter({
      name: `${PREFIX}portal_captive_answers_total`,
      help: 'Answers of the captive portal API (RFC 8908), by what the device was told: captive or online.',
      labelNames: ['gateway', 'result'],
      registers,
    });
    this.#probes = new Counter({
      name: `${PREFIX}portal_probes_total`,
      help: 'Requests to the listener for what captive devices ask, by the kind of device that asks so.',
      labelNames: ['kind'],
      registers,
    });
    this.#siteUsage = new SiteUsage(registry);
    this.#asked = new Counter({
      name: `${PREFIX}portal_gateway_questions_total`,
      help: 'Questions of openNDS access points by who asked, authmon or our agent, and how they were taken.',
      labelNames: ['gateway', 'kind', 'result'],
      registers,
    });
    this.#ends = new Counter({
      name: `${PREFIX}portal_disconnects_total`,
      help: 'Visitors who ended their connection, by what the gateway did: ended, under-way, not-reached, unknown.',
      labelNames: ['result'],
      registers,
    });
    this.#feedback = new Counter({
      name: `${PREFIX}portal_feedback_total`,
      help: 'Feedback forms that were sent: kept, known (sent twice), invalid, refused because there were too many.',
      labelNames: ['result'],
      registers,
    });
    this.#seconds = new Durations(
      {
        name: `${PREFIX}portal_request_duration_seconds`,
        help: 'Time from a request until its response is handed over for sending.',
        labelNames: ['operation'],
        buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
        registers,
      },
      OPERATIONS,
    );
    for (const result of ENDINGS) this.#ends.inc({ result }, 0);
    for (const result of FEEDBACK_RESULTS) this.#feedback.inc({ result }, 0);
  }

  /** Makes every series of a configuration exist, so that a rate can be taken from the first event on. */
  announce(config: Config): void {
    const gateways = config.gateways.filter(({ kind }) => kind !== 'hostapd').map(({ id }) => id);
    for (const gateway of [...gateways, NO_GATEWAY]) {
      for (const reason of Object.keys(VISIT_REFUSED)) this.#refused.inc({ gateway, reason }, 0);
    }
    for (const gateway of gateways) {
      this.#away.inc({ gateway }, 0);
      for (const result of ['known', 'unknown']) this.#placed.add(gateway, result, 0);
      for (const result of VISIT_RESULTS) this.#visits.add(gateway, result, 0);
    }
    for (const kind of config.portal.probes === undefined ? [] : PROBE_KINDS) this.#probes.inc({ kind }, 0);
    for (const gateway of config.gateways) {
      if ('captiveApi' in gateway && gateway.captiveApi !== undefined) {
        for (const result of ['captive', 'online']) this.#captive.inc({ gateway: gateway.id, result }, 0);
      }
      if (gateway.kind !== 'opennds') continue;
      for (const result of AGENT_RESULTS) this.#asked.inc({ gateway: gateway.id, kind: 'agent', result }, 0);
    }
    for (const { id: site } of config.sites) this.#grants.add(site, '', 0);
    for (const language of config.town.languages) this.#languages.add(language, '', 0);
  }

  /** @param known  whether the redirect names an access point that we know; which one is not counted */
  placed(gateway: GatewayId, known: boolean): void {
    this.#placed.add(gateway, known ? 'known' : 'unknown');
  }

  visit(gateway: GatewayId, result: VisitResult): void {
    this.#visits.add(gateway, result);
  }

  grant(site: SiteId, language: string): void {
    this.#grants.add(site);
    this.#languages.add(language);
  }

  refused(gateway: GatewayId, reason: VisitRefusedReason): void {
    this.#refused.inc({ gateway, reason });
  }

  away(gateway: GatewayId): void {
    this.#away.inc({ gateway });
  }

  toldCaptive(gateway: GatewayId, result: 'captive' | 'online'): void {
    this.#captive.inc({ gateway, result });
  }

  probed(kind: string): void {
    this.#probes.inc({ kind });
  }

  gatewayAsked(gateway: GatewayId, kind: 'authmon' | 'agent', result: AgentResult): void {
    this.#asked.inc({ gateway, kind, result });
  }

  ended(result: Ending): void {
    this.#ends.inc({ result });
  }

  feedback(result: FeedbackResult): void {
    this.#feedback.inc({ result });
  }

  /** What an agent's report added to the totals of its site. */
  used(site: SiteId, added: Usage & { readonly sessions: number }): void {
    this.#siteUsage.add(site, added);
  }

  took(operation: Operation, seconds: number): void {
    this.#seconds.took(operation, seconds);
  }
}

/** @param count  asked at each scrape: what is not done, and how much of it is due */
export function feedbackGauge(registry: Registry, count: () => Promise<{ open: number; overdue: number }>): void {
  new Gauge({
    name: `${PREFIX}feedback_entries`,
    help: 'Feedback of visitors that nobody has marked as done: open, and of these overdue after a month.',
    labelNames: ['state'],
    // Workers of one process say the same.
    aggregator: 'max',
    registers: [registry],
    async collect() {
      // While the store fails there is no figure, and the rest of the page is served all the same.
      const counted = await within(SCRAPE_PATIENCE_MS, count()).catch(() => undefined);
      this.reset();
      if (counted === undefined) return;
      const { open, overdue } = counted;
      this.set({ state: 'open' }, open);
      this.set({ state: 'overdue' }, overdue);
    },
  });
}
