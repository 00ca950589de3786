import { writeSync } from 'node:fs';
import { exitOnFaults } from '../../commands/signals';
import { OperatorError } from '../../core/errors';
import { createLog } from '../../runtime/log';
import { openEmbeddedStore } from '../../store/embedded/driver';
import type { Store } from '../../store/store';
import { CONTEXT, event, request } from '../contract/fixtures';
import { SESSIONS_A_ROUND, sessionName } from './load';

/** A process of its own for what cannot be played inside Jest: `child.ts <task> <folder> [number]`. */
const [task = '', folder = '', number = '0'] = process.argv.slice(2);

/** Straight to the pipe: what was said before a SIGKILL has been said. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

const TASKS: Record<string, (store: Store) => Promise<void>> = {
  /** Holds the folder until it is killed. */
  hold: () => new Promise(() => setInterval(() => undefined, 60_000)),

  /** Accounts and grants without pause; says what was acknowledged, and never before. */
  load: async (store) => {
    const account = async (sessionId: string, from: number): Promise<never> => {
      for (let sent = from + 1; ; sent += 1) {
        const of = { sessionId, downloadOctets: sent, uploadOctets: 2 * sent };
        await store.applyAccounting(event(sent === 1 ? 'start' : 'interim', 0, of));
        say(`session ${sessionId} ${sent}`);
      }
    };
    const grant = async (from: number): Promise<never> => {
      for (let who = from; ; who = (who + 4) % 256) {
        const { grant } = await store.putGrant(request(who, { site: `site-${number}` }));
        say(`grant ${grant.id}`);
      }
    };
    const sessions = Array.from({ length: SESSIONS_A_ROUND }, (_, i) => account(sessionName(Number(number), i), 0));
    await Promise.all([...sessions, ...Array.from({ length: 4 }, (_, i) => grant(i))]);
  },

  /** The same, until a fault that nobody foresaw. */
  fault: async (store) => {
    exitOnFaults(createLog('error', { write: say }));
    setTimeout(
      () => {
        throw new Error('nobody foresaw this');
      },
      100 + CONTEXT.random.fraction() * 200,
    );
    await TASKS.load?.(store);
  },

  /** Rounds of simultaneous operations, each with a line before and after, for strace to show what happened between. */
  rounds: async (store) => {
    for (let round = 0; round < 5; round += 1) {
      say(`asked ${round}`);
      await Promise.all(
        Array.from({ length: 64 }, (_, i) => store.applyAccounting(event('start', 0, { sessionId: `${round}-${i}` }))),
      );
      say(`answered ${round}`);
    }
    await store.close();
  },
};

openEmbeddedStore(folder, CONTEXT).then(
  (store) => {
    say('open');
    return TASKS[task]?.(store);
  },
  (error: unknown) => say(error instanceof OperatorError ? error.toString() : `fault ${String(error)}`),
);
