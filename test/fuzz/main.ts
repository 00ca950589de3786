import { fuzz } from './fuzz';
import { startTarget } from './target';

/** `npm run fuzz -- [packets] [seconds] [seed]`: the long run. It ends with exit code 1 if something was wrong. */
async function main([
  packets = '1000000',
  seconds = '1200',
  seed = String(Date.now() % 2 ** 32),
]: string[]): Promise<void> {
  console.log(`${packets} packets, at most ${seconds} s, seed ${seed}`);
  const { product, target } = await startTarget();
  const mebibytes = (octets: number): string => `${(octets / 2 ** 20).toFixed(0)} MiB`;
  try {
    const report = await fuzz(target, {
      packets: Number(packets),
      seconds: Number(seconds),
      seed: Number(seed),
      progress: (done, memory) => console.log(`${done} packets, ${mebibytes(memory)} resident`),
    });
    const { violations, memory, ...figures } = report;
    console.log(JSON.stringify(figures, undefined, 2));
    console.log(`resident: ${mebibytes(memory[0])} after the first tenth, ${mebibytes(memory[1])} at the end`);
    for (const violation of violations.slice(0, 10)) console.log(violation);
    console.log(`${violations.length} violations, ${report.unaccounted} packets unaccounted for`);
    process.exitCode = violations.length > 0 || report.unaccounted !== 0 ? 1 : 0;
  } finally {
    const code = await product.end('SIGTERM');
    if (code !== 0) {
      console.log(`The server ended with ${code}:\n${product.output().slice(-2000)}`);
      process.exitCode = 1;
    }
    await product.remove();
  }
}

void main(process.argv.slice(2));
