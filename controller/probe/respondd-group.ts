import type { Sample } from './probe';

/** A node that answered, and from which address. */
export interface Found {
  readonly address: string;
  readonly sample: Sample;
}

/** A question that went to a group of nodes. It serves everybody who looks for one of them until it is over. */
export class GroupQuestion {
  readonly #answered = new Map<string, Found>();
  readonly #waiting = new Set<() => void>();
  #over = false;

  /** Of two addresses that answer as one node the first counts. */
  take(nodeId: string, found: Found): void {
    if (this.#answered.has(nodeId)) return;
    this.#answered.set(nodeId, found);
    this.#wake();
  }

  end(): void {
    this.#over = true;
    this.#wake();
  }

  /** The answer of this node; undefined if the question is over without it, or `signal` aborts. */
  async answerOf(nodeId: string, signal: AbortSignal): Promise<Found | undefined> {
    while (!this.#over && !signal.aborted) {
      const found = this.#answered.get(nodeId);
      if (found !== undefined) return found;
      await this.#news(signal);
    }
    return this.#answered.get(nodeId);
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
