import { SECOND } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { Random } from '../../runtime/random';
import { type PlayableGateway, type PlayedGateway, play, type Way } from './played-gateway';
import { type RadiusServer, VisitorSession } from './radius';

/** The steps of a visitor's way, in order. */
export const STEPS = {
  terms: 'the gateway sends the browser to the portal, which shows the terms',
  accept: 'the terms are accepted, and the portal sends the browser to the gateway with what opens it',
  radius: 'the gateway asks the RADIUS server about the credential, if it asks one',
  online: 'the gateway reports the session, and the portal says that the visitor is online',
  disconnect: 'the session ends, and the visitor asks the portal to be forgotten',
} as const;
export type Step = keyof typeof STEPS;

export interface Taken {
  readonly step: Step;
  readonly seconds: number;
}

/** How a walk went: every step that was taken with its time, and where and why it ended early. */
export interface Walk {
  readonly steps: readonly Taken[];
  readonly failed?: { readonly step: Step; readonly why: string };
}

export interface WalkContext {
  /** `https://wlan.musterstadt.example`, without a slash at the end. */
  readonly portalUrl: string;
  readonly radius: RadiusServer;
  readonly gateway: PlayableGateway;
  /** The device address that the visitor has: `02:..`. */
  readonly device: string;
  readonly clock: Clock;
  readonly random: Random;
}

const PATIENCE_MS = 10 * SECOND;
const MOST_REDIRECTS = 3;

/** Why a step did not succeed, in words that name no address. */
class Stumble extends Error {}

/**
 * Walks a visitor's whole way once. It plays the browser towards the portal and the gateway towards portal and RADIUS, so
 * the gateway of the configuration need not exist: whatever is at fault then is ours.
 */
export async function walk(context: WalkContext): Promise<Walk> {
  const visitor = new Visitor(context);
  const ways: Readonly<Record<Step, () => Promise<void>>> = {
    terms: () => visitor.readTerms(),
    accept: () => visitor.accept(),
    radius: () => visitor.logIn(),
    online: () => visitor.goOnline(),
    disconnect: () => visitor.leave(),
  };
  const steps: Taken[] = [];
  for (const step of ORDER.filter((one) => one !== 'radius' || visitor.asksRadius)) {
    const began = context.clock.monotonic();
    try {
      await ways[step]();
    } catch (error) {
      if (!(error instanceof Stumble)) throw error;
      return { steps, failed: { step, why: error.message } };
    }
    steps.push({ step, seconds: (context.clock.monotonic() - began) / SECOND });
  }
  return { steps };
}

const ORDER: readonly Step[] = ['terms', 'accept', 'radius', 'online', 'disconnect'];

class Visitor {
  readonly #context: WalkContext;
  readonly #gateway: PlayedGateway;
  readonly #session: VisitorSession | undefined;
  #visit = '';
  #way: Way = { onward: '' };
  #page = '';
  #onlineSince = 0;

  constructor(context: WalkContext) {
    const { radius, device, clock, random } = context;
    this.#context = context;
    this.#gateway = play(context.gateway, context);
    const asking = this.#gateway.radius;
    this.#session = asking && new VisitorSession(asking, radius, device, clock, random);
  }

  /** Levels 1 and 2 of openNDS ask no RADIUS server. */
  get asksRadius(): boolean {
    return this.#session !== undefined;
  }

  async readTerms(): Promise<void> {
    const page = await this.#get(this.#gateway.redirect());
    const visit = /name="visit" value="([^"]+)"/.exec(page)?.[1];
    if (visit === undefined) throw new Stumble('The portal shows a page, but not the terms: is the site closed?');
    this.#visit = visit;
  }

  async accept(): Promise<void> {
    const answer = await this.#fetch(`${this.#context.portalUrl}/accept`, new URLSearchParams({ visit: this.#visit }));
    const location = answer.headers.get('location');
    if (answer.status !== 303 || location === null || !URL.canParse(location))
      throw new Stumble(`The portal answers the acceptance with status ${answer.status} instead of the way online.`);
    const way = this.#gateway.read(new URL(location));
    if (way === undefined) throw new Stumble('The portal does not send the browser to the login of the gateway.');
    this.#way = way;
  }

  async logIn(): Promise<void> {
    const { login } = this.#way;
    const outcome = login && (await this.#session?.logIn(login));
    if (outcome === 'rejected') throw new Stumble('The RADIUS server refuses the credential that the portal gave.');
    if (outcome !== 'accepted') throw new Stumble(`The RADIUS server does not answer. ${SILENCE}`);
  }

  async goOnline(): Promise<void> {
    this.#onlineSince = this.#context.clock.monotonic();
    const username = this.#way.login?.username ?? '';
    if (this.#session !== undefined && (await this.#session.begin(username)) !== 'accepted')
      throw new Stumble('The RADIUS server does not record the beginning of the session.');
    this.#page = await this.#get(this.#way.onward);
  }

  async leave(): Promise<void> {
    const seconds = Math.round((this.#context.clock.monotonic() - this.#onlineSince) / SECOND);
    const username = this.#way.login?.username ?? '';
    if (this.#session !== undefined && (await this.#session.end(username, seconds)) !== 'accepted')
      throw new Stumble('The RADIUS server does not record the end of the session.');
    const connection = /name="connection" value="([^"]+)"/.exec(this.#page)?.[1];
    if (connection === undefined) throw new Stumble('The page about the connection has no button to end it.');
    const answer = await this.#fetch(`${this.#context.portalUrl}/disconnect`, new URLSearchParams({ connection }));
    // Where no session is known any more the portal sends the browser to the gateway.
    if (answer.status !== 200 && answer.status !== 303)
      throw new Stumble(`The portal answers the wish to disconnect with status ${answer.status}.`);
  }

  async #get(url: string): Promise<string> {
    let answer = await this.#fetch(url);
    for (let turn = 0; turn < MOST_REDIRECTS; turn++) {
      const next = this.#onward(answer.headers.get('location'));
      if (next === undefined) break;
      answer = await this.#fetch(next);
    }
    if (answer.status !== 200) throw new Stumble(`The portal answers with status ${answer.status}.`);
    return answer.text;
  }

  /** Where a browser would be led, as long as that is the portal itself. */
  #onward(location: string | null): string | undefined {
    const { portalUrl } = this.#context;
    if (location === null || !URL.canParse(location, portalUrl)) return undefined;
    const { href, origin } = new URL(location, portalUrl);
    return origin === new URL(portalUrl).origin ? href : undefined;
  }

  async #fetch(url: string, form?: URLSearchParams): Promise<{ status: number; headers: Headers; text: string }> {
    const abort = new AbortController();
    const cancel = this.#context.clock.after(PATIENCE_MS, () => abort.abort());
    try {
      const sent = form === undefined ? {} : { method: 'POST', body: form };
      const options = { redirect: 'manual' as const, signal: abort.signal, headers: { 'Accept-Language': 'de' } };
      const answer = await fetch(url, { ...options, ...sent });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    } catch {
      const what = abort.signal.aborted ? 'does not answer within ten seconds' : 'cannot be reached';
      throw new Stumble(`The portal ${what} at portal.url.`);
    } finally {
      cancel();
    }
  }
}

const SILENCE = 'Is the address of this machine in radius.clients of the gateway, and does the secret fit?';
