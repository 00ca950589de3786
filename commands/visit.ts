import { isPlayable } from '../controller/visitor/played-gateway';
import { walkThrough } from '../controller/visitor/visitors';
import { STEPS } from '../controller/visitor/walk';
import { OperatorError } from '../core/errors';
import { systemClock } from '../runtime/clock';
import { systemRandom } from '../runtime/random';
import { configOfProduct } from './ask-product';

/**
 * `stadtfunk visit test GATEWAY`: one walk of a visitor through the running product, step by step.
 * @returns the exit code: 0 if the walk led online and back, 1 if not
 * @throws OperatorError if no walk leads through this gateway
 */
export async function visitTest(id: string, options: { readonly config: string }): Promise<number> {
  const config = configOfProduct(options.config);
  const gateway = config.gateways.find((one) => one.id === id);
  const walkable = config.gateways.filter(isPlayable).map((one) => one.id);
  const known = walkable.length === 0 ? 'There is none in this configuration.' : `There are: ${walkable.join(', ')}.`;
  if (gateway === undefined) throw new OperatorError('CONFIG_SCOPE', `There is no gateway ${id}.`, known);
  if (!isPlayable(gateway)) {
    const what = `A visitor can be played only at gateways of kind uspot, coovachilli and mikrotik, and openNDS at levels 1 and 2, not at ${id}.`;
    throw new OperatorError('CONFIG_SCOPE', what, known);
  }
  const { steps, failed } = await walkThrough(config, id, { clock: systemClock, random: systemRandom });
  for (const { step, seconds } of steps) {
    process.stdout.write(`${step.padEnd(12)}${(seconds * 1000).toFixed(0).padStart(6)} ms  ${STEPS[step]}\n`);
  }
  if (failed === undefined) {
    const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
    process.stdout.write(`A visitor gets online through ${id}, and off again: ${(total * 1000).toFixed(0)} ms.\n`);
    return 0;
  }
  process.stdout.write(`${failed.step.padEnd(12)}  failed  ${STEPS[failed.step]}\n${failed.why}\n`);
  return 1;
}
