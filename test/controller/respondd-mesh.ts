import type { AccessPoint } from '../../config/schema';
import { RespondDProber } from '../../controller/probe/respondd';
import { systemClock } from '../../runtime/clock';
import { deflated, gluonAnswer, RespondDNode } from './respondd-node';

/** Runs in a network namespace with the interface mesh0 (see respondd.test.ts) and says on standard output what it saw. */

const GROUP = { address: 'ff02::2', interface: 'mesh0' };
const FIRST = 'c4e984aa0b1c';
const SECOND = 'c4e984aa0b1d';

async function main(): Promise<void> {
  const [a, b, c] = [new RespondDNode(), new RespondDNode(), new RespondDNode()];
  const port = await a.start(0, 'fe80::a%mesh0', GROUP);
  await b.start(port, 'fe80::b%mesh0', GROUP);
  a.answers = [deflated(gluonAnswer(FIRST))];
  b.answers = [deflated(gluonAnswer(SECOND))];

  const ignored: string[] = [];
  const patience = { timeoutsMs: [100, 100], groupMs: 500, refusalMs: 50 };
  const prober = new RespondDProber({ clock: systemClock, onIgnored: (reason) => ignored.push(reason) }, patience);
  const ask = async (nodeId: string): Promise<string | true> => {
    const respondd = { nodeId, port };
    const ap: AccessPoint = { id: 'ap', name: 'AP', site: 's', host: 'ff02::2%mesh0', port: 161, respondd };
    const result = await prober.probe(ap, new AbortController().signal);
    return result.answered || result.reason;
  };
  const askedOf = (node: RespondDNode): number => node.toGroup.splice(0).length;

  const [first, second] = await Promise.all([ask(FIRST), ask(SECOND)]);
  const found = { first, second, questionsToTheGroup: askedOf(a) };
  const missing = await ask('000000000000');
  askedOf(b);
  const again = { first: await ask(FIRST), questionsToTheGroup: askedOf(b) };

  a.stop();
  await c.start(port, 'fe80::c%mesh0', GROUP);
  c.answers = [deflated(gluonAnswer(FIRST))];
  ignored.length = 0;
  const impostor = { result: await ask(FIRST), ignored };
  process.stdout.write(JSON.stringify({ found, missing, again, impostor }));
  for (const node of [b, c]) node.stop();
  await prober.close();
}

void main();
