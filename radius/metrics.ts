import { Counter, Gauge } from 'prom-client';
import type { Config } from '../config/schema';
import type { GatewayId, SiteId } from '../core/ids';
import { DROP, type DropReason, ORDER, type OrderResult, REJECT, type RejectReason } from '../core/reasons';
import type { Usage } from '../core/session';
import { type Millis, SECOND } from '../core/time';
import type { Live } from '../runtime/live';
import { PREFIX, type Registry, SCRAPE_PATIENCE_MS } from '../runtime/metrics';
import { SiteUsage } from '../runtime/site-usage';
import { Durations, Tally } from '../runtime/tally';
import { within } from '../runtime/within';
import type { SessionStore } from '../store/store';
import type { ReplyCode } from './handlers/handler';
import { ACCOUNTING_STATUSES, type AccountingStatus } from './wire/accounting';
import { CODE } from './wire/packet';

export type RequestKind = 'access' | 'accounting' | 'status';
const KINDS: readonly RequestKind[] = ['access', 'accounting', 'status'];

export const ORDER_KINDS = ['disconnect', 'limits'] as const;
export type OrderKind = (typeof ORDER_KINDS)[number];

const REPLIES: Readonly<Record<ReplyCode, string>> = {
  [CODE.accessAccept]: 'access-accept',
  [CODE.accessReject]: 'access-reject',
  [CODE.accountingResponse]: 'accounting-response',
};

/** From a tenth of a millisecond, which an answer from memory takes, to when gateways ask again. */
const DURATION_BUCKETS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 3];

/** The figures of the RADIUS server. Every series exists from the start, so that a rate over its first event is right. */
export class RadiusMetrics {
  readonly #requests: Tally;
  readonly #repeats: Counter<'kind'>;
  readonly #replies: Tally;
  readonly #rejects: Counter<'reason'>;
  readonly #dropped: Counter<'reason'>;
  readonly #records: Tally;
  readonly #orders: Counter<'kind' | 'result'>;
  readonly #formerSecret: Counter<'gateway'>;
  readonly #withoutStore: Counter<'site' | 'result'>;
  readonly #duration: Durations<RequestKind>;
  readonly #siteUsage: SiteUsage;

  constructor(registry: Registry, config: Live<Config>, store: SessionStore) {
    const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
      new Counter({ name: `${PREFIX}${name}`, help, labelNames, registers: [registry] });
    const tally = (name: string, help: string, label: string, values: readonly string[]): Tally => {
      const counted = new Tally({ name: `${PREFIX}${name}`, help, labelNames: [label], registers: [registry] });
      for (const value of values) counted.add(value, '', 0);
      return counted;
    };
    this.#requests = tally(
      'radius_requests_total',
      'RADIUS requests that passed verification, by kind.',
      'kind',
      KINDS,
    );
    this.#repeats = counter('radius_repeats_total', 'Requests sent again, answered with the same octets.', 'kind');
    this.#replies = tally(
      'radius_replies_total',
      'RADIUS answers sent, by packet type.',
      'code',
      Object.values(REPLIES),
    );
    this.#rejects = counter('radius_rejects_total', 'Access-Rejects, by reason.', 'reason');
    this.#dropped = counter('radius_dropped_total', 'RADIUS packets left without answer, by reason.', 'reason');
    const records = 'radius_accounting_records_total';
    this.#records = tally(records, 'Accounting records kept, by kind.', 'kind', ACCOUNTING_STATUSES);
    this.#formerSecret = counter(
      'radius_former_secret_total',
      'Requests that a gateway still made with its former secret.',
      'gateway',
    );
    this.#withoutStore = counter(
      'radius_without_store_total',
      'Access-Requests answered by the rule of the site because the store did not answer.',
      'site',
      'result',
    );
    this.#orders = counter(
      'radius_dynamic_authorization_total',
      'Orders to gateways to end a session or to change its limits, by how they went.',
      'kind',
      'result',
    );
    this.#duration = new Durations(
      {
        name: `${PREFIX}radius_request_duration_seconds`,
        help: 'Time from the arrival of a request to its answer.',
        labelNames: ['kind'],
        buckets: DURATION_BUCKETS,
        registers: [registry],
      },
      KINDS,
    );
    this.#siteUsage = new SiteUsage(registry);
    sessionsGauge(registry, config, store);
    this.#showAll(config.current);
    config.onChange((next) => this.#showTown(next));
  }

  request(kind: RequestKind): void {
    this.#requests.add(kind);
  }

  repeated(kind: RequestKind): void {
    this.#repeats.inc({ kind });
  }

  replied(code: ReplyCode): void {
    this.#replies.add(REPLIES[code]);
  }

  rejected(reason: RejectReason): void {
    this.#rejects.inc({ reason });
  }

  dropped(reason: DropReason): void {
    this.#dropped.inc({ reason });
  }

  took(kind: RequestKind, seconds: number): void {
    this.#duration.took(kind, seconds);
  }

  recorded(status: AccountingStatus): void {
    this.#records.add(status);
  }

  formerSecretUsed(gateway: GatewayId): void {
    this.#formerSecret.inc({ gateway });
  }

  /** An Access-Request was answered although the store did not. */
  answeredWithoutStore(site: SiteId, accepted: boolean): void {
    this.#withoutStore.inc({ site, result: accepted ? 'accepted' : 'rejected' });
  }

  /** A Disconnect- or CoA-Request was answered or given up. */
  ordered(kind: OrderKind, result: OrderResult): void {
    this.#orders.inc({ kind, result });
  }

  /** What an accounting record added to the totals of its site. */
  used(site: SiteId, added: Usage & { readonly sessions: number }): void {
    this.#siteUsage.add(site, added);
  }

  #showAll(config: Config): void {
    for (const kind of KINDS) this.#repeats.inc({ kind }, 0);
    for (const reason of Object.keys(REJECT)) this.#rejects.inc({ reason }, 0);
    for (const reason of Object.keys(DROP)) this.#dropped.inc({ reason }, 0);
    for (const kind of ORDER_KINDS) {
      for (const result of Object.keys(ORDER)) this.#orders.inc({ kind, result }, 0);
    }
    this.#showTown(config);
  }

  #showTown({ sites, gateways }: Config): void {
    for (const { id: site } of sites) {
      this.used(site, { seconds: 0, downloadOctets: 0, uploadOctets: 0, sessions: 0 });
      for (const result of ['accepted', 'rejected']) this.#withoutStore.inc({ site, result }, 0);
    }
    for (const gateway of gateways) {
      if ('radius' in gateway && gateway.radius.formerSecret !== undefined) {
        this.#formerSecret.inc({ gateway: gateway.id }, 0);
      }
    }
  }
}

/** Asked of the store whenever Prometheus asks; if the store cannot say, there is a gap instead of a lie. */
function sessionsGauge(registry: Registry, config: Live<Config>, store: SessionStore): void {
  new Gauge({
    name: `${PREFIX}sessions`,
    help: 'Sessions that run now.',
    labelNames: ['site'],
    // Workers of one process say the same.
    aggregator: 'max',
    registers: [registry],
    async collect() {
      this.reset();
      const running = await within(SCRAPE_PATIENCE_MS, store.countSessions()).catch(() => undefined);
      if (running === undefined) return;
      for (const { id } of config.current.sites) this.set({ site: id }, running.get(id) ?? 0);
    },
  });
}

/** What is known of the RadSec listener. */
interface RadsecListener {
  counts(): ReadonlyMap<GatewayId, number>;
  readonly certificateExpiresAt: Millis | undefined;
}

/** How many RadSec connections each gateway keeps open, and how long our certificate lasts. */
export function radsecGauges(registry: Registry, server: RadsecListener): void {
  new Gauge({
    name: `${PREFIX}radius_certificate_expiry_timestamp_seconds`,
    help: 'When the certificate that RadSec shows expires, in seconds since 1970; 0 with pre-shared keys only.',
    aggregator: 'min',
    registers: [registry],
    collect() {
      this.set((server.certificateExpiresAt ?? 0) / SECOND);
    },
  });
  new Gauge({
    name: `${PREFIX}radius_radsec_connections`,
    help: 'RadSec connections that are open now.',
    labelNames: ['gateway'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [gateway, count] of server.counts()) this.set({ gateway }, count);
    },
  });
}
