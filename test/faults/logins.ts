import { systemClock } from '../../runtime/clock';
import type { Answer, LoadGateway } from './load-gateway';

/** Who asks to be let in. */
export type Who = 'holder' | 'stranger' | 'former' | 'thief';

export interface Candidate {
  readonly who: Who;
  readonly gateway: LoadGateway;
  readonly device: string;
  readonly credential?: { readonly username: string; readonly password: string };
}

/** One answered login. */
export interface Login extends Answer {
  readonly who: Who;
  readonly site: string;
  /** When it was asked and answered, by the monotonic clock. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** Candidates who ask one after the other, again and again, until the load ends. */
export class LoginLoad {
  readonly logins: Login[] = [];
  unanswered = 0;
  #ended = false;
  readonly #running: Promise<unknown>;

  /** @param everyMs  how often each candidate asks */
  constructor(candidates: readonly Candidate[], everyMs: number) {
    this.#running = Promise.all(
      candidates.map(async (candidate, i) => {
        await new Promise((resolve) => setTimeout(resolve, (i * everyMs) / candidates.length));
        while (!this.#ended) {
          await this.#ask(candidate);
          await new Promise((resolve) => setTimeout(resolve, everyMs));
        }
      }),
    );
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }

  async #ask({ who, gateway, device, credential }: Candidate): Promise<void> {
    const askedAt = systemClock.monotonic();
    const answer = await gateway.login(device, credential);
    const answeredAt = systemClock.monotonic();
    if (answer === undefined) this.unanswered += 1;
    else this.logins.push({ ...answer, who, site: gateway.site, askedAt, answeredAt });
  }
}
