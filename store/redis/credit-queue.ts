import type { GrantId } from '../../core/ids';
import { GroupQueue, refused, type ScriptCall, type Sent } from './group-queue';
import type { SiteKeys, Value } from './keys';

/** What a session owes its grant altogether. */
export interface Credit {
  /** Of the grant's site. */
  readonly of: SiteKeys;
  readonly device: Buffer;
  readonly grantId: GrantId;
  /** The session, and which of its stretches. */
  readonly session: string;
  readonly octets: number;
}

interface Asked {
  readonly credit: Credit;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Adds what sessions owe to their grants, in groups, each in one call of the script CREDIT. */
export class CreditQueue {
  readonly #script: ScriptCall;
  readonly #queue = new GroupQueue<Asked>({ send: (group) => this.#sendAll(group), sizeOf: () => 4 });

  constructor(script: ScriptCall) {
    this.#script = script;
  }

  add(credit: Credit): Promise<void> {
    return new Promise((resolve, reject) => {
      void this.#queue.add(this.#script.groupOf(credit.of.grants), { credit, resolve, reject });
    });
  }

  async #sendAll(group: readonly Asked[]): Promise<Sent<Asked>> {
    const keys: string[] = [];
    const values: Value[] = [this.#script.channel];
    for (const { of, device, grantId, session, octets } of group.map(({ credit }) => credit)) {
      keys.push(of.grants, of.octets, of.credits(grantId));
      values.push(device, grantId, session, octets);
    }
    try {
      await this.#script.send(keys, values);
    } catch (error) {
      return refused(group, error);
    }
    return {
      tell: () => {
        for (const { resolve } of group) resolve();
      },
    };
  }
}
