import { Counter, Histogram } from 'prom-client';
import type { Config } from '../config/schema';
import type { GatewayId, SiteId } from '../core/ids';
import { VISIT_REFUSED, type VisitRefusedReason } from '../core/reasons';
import { PREFIX, type Registry } from '../runtime/metrics';
import { AGENT_RESULTS, type AgentResult } from './gateways/opennds/agent';

/** Where a recognised visitor stood. */
export const VISIT_RESULTS = ['captive', 'online', 'offline'] as const;
export type VisitResult = (typeof VISIT_RESULTS)[number];

export const OPERATIONS = ['view', 'accept', 'connected', 'disconnect', 'status', 'other'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The gateway label of requests that name no configured gateway. */
export const NO_GATEWAY = 'none';

/** What the portal counts. */
export class PortalMetrics {
  readonly #visits: Counter<'gateway' | 'result'>;
  readonly #grants: Counter<'site' | 'language'>;
  readonly #refused: Counter<'gateway' | 'reason'>;
  readonly #away: Counter<'gateway'>;
  readonly #asked: Counter<'gateway' | 'kind' | 'result'>;
  readonly #seconds: Histogram<'operation'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#visits = new Counter({
      name: `${PREFIX}portal_visits_total`,
      help: 'Browsers that a gateway sent to the portal, by where they stood: captive, online, offline.',
      labelNames: ['gateway', 'result'],
      registers,
    });
    this.#grants = new Counter({
      name: `${PREFIX}portal_grants_total`,
      help: 'Acceptances of the terms that were stored, by the language in which the terms were shown.',
      labelNames: ['site', 'language'],
      registers,
    });
    this.#refused = new Counter({
      name: `${PREFIX}portal_refused_total`,
      help: 'Redirects and forms that the portal refused.',
      labelNames: ['gateway', 'reason'],
      registers,
    });
    this.#away = new Counter({
      name: `${PREFIX}portal_gateway_away_total`,
      help: 'Visitors who accepted the terms but could not be let in, because the gateway or its controller did not do it in time.',
      labelNames: ['gateway'],
      registers,
    });
    this.#asked = new Counter({
      name: `${PREFIX}portal_gateway_questions_total`,
      help: 'Questions of openNDS access points by who asked, authmon or our agent, and how they were taken.',
      labelNames: ['gateway', 'kind', 'result'],
      registers,
    });
    this.#seconds = new Histogram({
      name: `${PREFIX}portal_request_duration_seconds`,
      help: 'Time from a request to the end of its response.',
      labelNames: ['operation'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    });
    for (const operation of OPERATIONS) this.#seconds.zero({ operation });
  }

  /** Makes every series of a configuration exist, so that a rate can be taken from the first event on. */
  announce(config: Config): void {
    const gateways = config.gateways.filter(({ kind }) => kind !== 'hostapd').map(({ id }) => id);
    for (const gateway of [...gateways, NO_GATEWAY]) {
      for (const reason of Object.keys(VISIT_REFUSED)) this.#refused.inc({ gateway, reason }, 0);
    }
    for (const gateway of gateways) {
      this.#away.inc({ gateway }, 0);
      for (const result of VISIT_RESULTS) this.#visits.inc({ gateway, result }, 0);
    }
    for (const gateway of config.gateways) {
      if (gateway.kind !== 'opennds') continue;
      for (const result of AGENT_RESULTS) this.#asked.inc({ gateway: gateway.id, kind: 'agent', result }, 0);
    }
    for (const { id: site } of config.sites) {
      for (const language of config.town.languages) this.#grants.inc({ site, language }, 0);
    }
  }

  visit(gateway: GatewayId, result: VisitResult): void {
    this.#visits.inc({ gateway, result });
  }

  grant(site: SiteId, language: string): void {
    this.#grants.inc({ site, language });
  }

  refused(gateway: GatewayId, reason: VisitRefusedReason): void {
    this.#refused.inc({ gateway, reason });
  }

  away(gateway: GatewayId): void {
    this.#away.inc({ gateway });
  }

  gatewayAsked(gateway: GatewayId, kind: 'authmon' | 'agent', result: AgentResult): void {
    this.#asked.inc({ gateway, kind, result });
  }

  took(operation: Operation, seconds: number): void {
    this.#seconds.observe({ operation }, seconds);
  }
}
