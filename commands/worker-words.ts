import type { Registry } from '../runtime/metrics';

/** What the first process tells a worker. */
export type ToWorker =
  | { readonly kind: 'stop' }
  | { readonly kind: 'reload'; readonly id: number }
  | { readonly kind: 'count'; readonly id: number };

/** Where a worker listens; all workers of a process share these. */
export interface WorkerPorts {
  readonly portal?: number;
  readonly radius?: { readonly authentication: number; readonly accounting: number; readonly radsec: number };
}

/** What it counted. */
export type Counted = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** What a worker tells the first process. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly ports: WorkerPorts }
  /** It could not start; the three parts of an OperatorError. */
  | { readonly kind: 'failed'; readonly code: string; readonly what: string; readonly remedy: string }
  /** Why it cannot serve just now; empty if it can. */
  | { readonly kind: 'state'; readonly reasons: readonly string[] }
  | { readonly kind: 'reloaded'; readonly id: number; readonly ok: boolean }
  | { readonly kind: 'counted'; readonly id: number; readonly counted: Counted };
