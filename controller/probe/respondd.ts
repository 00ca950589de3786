import type { AccessPoint } from '../../config/schema';
import type { IgnoredReason } from '../../core/reasons';
import { MINUTE, SECOND } from '../../core/time';
import type { Clock } from '../../runtime/clock';
import type { PollResult, ProbeContext, Prober, Sample } from './probe';
import { refuses } from './refusal';
import { type HostAddress, Resolver } from './resolver';
import { QUESTION, readAnswer } from './respondd-answer';
import { GroupQuestion } from './respondd-group';
import { RespondDSocket } from './respondd-socket';

/** Names a node, and the port it answers at. */
type Node = NonNullable<AccessPoint['respondd']>;

export interface RespondDPatience {
  /** How long each question to a node waits. */
  readonly timeoutsMs: readonly number[];
  /** How long a question to a group waits: there each node lets up to 10 s pass, so that not all answer at once. */
  readonly groupMs: number;
  readonly refusalMs: number;
}

const DEFAULT_PATIENCE: RespondDPatience = {
  timeoutsMs: [1 * SECOND, 2 * SECOND, 3 * SECOND],
  groupMs: 11 * SECOND,
  refusalMs: 0.5 * SECOND,
};
/** Whoever nothing was heard of for so long may come back as another: a device exchanged, a new address. */
const BOUND_MS = 10 * MINUTE;
/** More answers to one question are not read: each costs an inflation, and the mesh may hold liars. */
const MAX_GROUP_ANSWERS = 2_048;

interface Bound {
  readonly to: string;
  readonly until: number;
}

/** What came of a question to a node: its sample, nothing to be read, nothing at all, or it could not even be sent. */
type Heard = Sample | 'unreadable' | 'silence' | 'unsent';

/**
 * Asks Freifunk nodes by respondd. Answers carry no proof, so what can be held against them is: the address they come
 * from, and that this address is always of the same node.
 */
export class RespondDProber implements Prober {
  readonly #clock: Clock;
  readonly #patience: RespondDPatience;
  readonly #resolver: Resolver;
  readonly #socket: RespondDSocket;
  readonly #onIgnored: (reason: IgnoredReason) => void;
  /** Which node an address is of, and at which address a node was found. */
  readonly #nodes = new Map<string, Bound>();
  readonly #addresses = new Map<string, Bound>();
  readonly #groups = new Map<string, GroupQuestion>();

  constructor({ clock, onIgnored }: ProbeContext, patience: RespondDPatience = DEFAULT_PATIENCE) {
    this.#clock = clock;
    this.#patience = patience;
    this.#onIgnored = onIgnored;
    this.#resolver = new Resolver(clock);
    this.#socket = new RespondDSocket(onIgnored);
  }

  async probe(ap: AccessPoint, signal: AbortSignal): Promise<PollResult> {
    const node = ap.respondd;
    if (node === undefined) throw new TypeError(`${ap.id} is not asked by respondd`);
    const host = await this.#resolver.resolve(ap.host);
    if (host === undefined) return { answered: false, reason: 'unresolved' };
    if (host.family !== 6) return { answered: false, reason: 'unreachable' };
    const result = isGroup(host.address) ? await this.#find(host, node, signal) : await this.#ask(host, node, signal);
    signal.throwIfAborted();
    return result;
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  /** Asks a node at its address, up to three times. */
  async #ask(host: HostAddress, node: Node, signal: AbortSignal): Promise<PollResult> {
    let sawUnreadable = false;
    for (const timeoutMs of this.#patience.timeoutsMs) {
      const heard = await this.#once(host, node, timeoutMs, signal);
      if (signal.aborted) break;
      if (heard === 'unsent') return { answered: false, reason: 'unreachable' };
      if (heard === 'unreadable') sawUnreadable = true;
      else if (heard !== 'silence') return { answered: true, sample: heard };
    }
    if (sawUnreadable) return { answered: false, reason: 'malformed' };
    const refused = !signal.aborted && (await refuses(host, node.port, this.#patience.refusalMs, this.#clock));
    return { answered: false, reason: refused ? 'refused' : 'timeout' };
  }

  /** Asks once. An answer that must not be believed does not end the wait: the true one may follow. */
  #once({ address }: HostAddress, node: Node, timeoutMs: number, signal: AbortSignal): Promise<Heard> {
    return new Promise((resolve) => {
      let sofar: Heard = 'silence';
      const settle = (heard: Heard): void => {
        stop();
        cancel();
        signal.removeEventListener('abort', giveUp);
        resolve(heard);
      };
      const giveUp = (): void => settle(sofar);
      const cancel = this.#clock.after(timeoutMs, giveUp);
      const stop = this.#socket.listenTo(address, node.port, (datagram) => {
        const said = this.#read(datagram, address, node.nodeId);
        if (said === undefined) sofar = 'unreadable';
        else settle(said.sample);
      });
      signal.addEventListener('abort', giveUp);
      this.#socket.send(QUESTION, node.port, address).catch(() => settle('unsent'));
    });
  }

  /** Reads an answer that came from this address; undefined, and counted, if it must not be believed. */
  #read(datagram: Buffer, address: string, expected?: string): { nodeId: string; sample: Sample } | undefined {
    const answer = readAnswer(datagram);
    if (!answer.ok) {
      this.#onIgnored(answer.reason);
      return undefined;
    }
    const { nodeId, sample } = answer;
    if ((expected ?? this.#bound(this.#nodes, address) ?? nodeId) !== nodeId) {
      this.#onIgnored('wrong-node');
      return undefined;
    }
    this.#nodes.set(address, { to: nodeId, until: this.#clock.monotonic() + BOUND_MS });
    return { nodeId, sample };
  }

  #bound(table: Map<string, Bound>, key: string): string | undefined {
    const bound = table.get(key);
    if (bound === undefined || this.#clock.monotonic() < bound.until) return bound?.to;
    table.delete(key);
    return undefined;
  }

  /** Asks a node at the address where it was found last; else asks its group who it is. */
  async #find(group: HostAddress, node: Node, signal: AbortSignal): Promise<PollResult> {
    const nodeId = node.nodeId ?? '';
    const known = this.#bound(this.#addresses, nodeId);
    if (known !== undefined) {
      const result = await this.#ask({ address: known, family: 6 }, node, signal);
      if (result.answered) this.#remember(nodeId, known);
      if (result.answered || signal.aborted) return result;
    }
    const question = await this.#questionTo(group, node.port);
    if (question === undefined) return { answered: false, reason: 'unreachable' };
    const found = await question.answerOf(nodeId, signal);
    if (found === undefined) return { answered: false, reason: 'timeout' };
    // A node that is known keeps its address: another one claiming its name is not believed until that has long been silent.
    if (known !== undefined && known !== found.address) {
      this.#onIgnored('wrong-node');
      return { answered: false, reason: 'timeout' };
    }
    this.#remember(nodeId, found.address);
    return { answered: true, sample: found.sample };
  }

  #remember(nodeId: string, address: string): void {
    this.#addresses.set(nodeId, { to: address, until: this.#clock.monotonic() + BOUND_MS });
  }

  /** One question to a group at a time serves every node of it that is looked for. Undefined if it cannot be sent. */
  async #questionTo({ address: group }: HostAddress, port: number): Promise<GroupQuestion | undefined> {
    const key = `${group} ${port}`;
    const open = this.#groups.get(key);
    if (open !== undefined) return open;
    const question = new GroupQuestion();
    this.#groups.set(key, question);
    let answers = 0;
    const stop = this.#socket.listenToGroup(port, (datagram, address) => {
      if (++answers > MAX_GROUP_ANSWERS) return this.#onIgnored('unknown-source');
      const said = this.#read(datagram, address);
      if (said !== undefined) question.take(said.nodeId, { address, sample: said.sample });
    });
    const end = (): void => {
      cancel();
      stop();
      this.#groups.delete(key);
      question.end();
    };
    const cancel = this.#clock.after(this.#patience.groupMs, end);
    try {
      await this.#socket.send(QUESTION, port, group);
      return question;
    } catch {
      end();
      return undefined;
    }
  }
}

/** Multicast: ff02::2%eth0 is every node on a mesh link, ff05::2%eth0 every one of a site. */
function isGroup(address: string): boolean {
  return address.startsWith('ff');
}
