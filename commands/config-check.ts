import { formatMistake, loadConfig } from '../config/load';
import type { Config } from '../config/schema';
import { warningsIn } from '../config/warnings';
import { systemClock } from '../runtime/clock';

/**
 * `stadtfunk config check FILE`: every mistake on a line of its own, or one line saying what the file describes.
 * @returns the exit code: 0 if the configuration is right, 1 if it has mistakes
 * @throws OperatorError CONFIG_UNREADABLE if the file cannot be read
 */
export function configCheck(file: string): number {
  const loaded = loadConfig(file, systemClock.now());
  if (loaded.ok) {
    for (const { path, message } of warningsIn(loaded.config)) {
      process.stderr.write(`${file} ${path}: Warning: ${message}\n`);
    }
    process.stdout.write(`${file} is right: ${summary(loaded.config)}.\n`);
    return 0;
  }
  const lines = loaded.mistakes.map((mistake) => formatMistake(file, mistake));
  process.stderr.write(`${[...lines, `${file}: ${count(loaded.mistakes, 'mistake')}.`].join('\n')}\n`);
  return 1;
}

function summary({ town, sites, gateways, accessPoints, portal, radius, ops }: Config): string {
  const counts = [count(sites, 'site'), count(gateways, 'gateway'), count(accessPoints, 'access point')].join(', ');
  const addresses = [
    `portal ${portal.url} (listens on ${portal.listen.host}:${portal.listen.port})`,
    `RADIUS on ${radius.host}, UDP ${radius.authenticationPort} and ${radius.accountingPort}`,
    `metrics on ${ops.listen.host}:${ops.listen.port}`,
  ].join('; ');
  return `${town.name} with ${counts}; ${addresses}`;
}

function count(list: readonly unknown[], word: string): string {
  return `${list.length} ${word}${list.length === 1 ? '' : 's'}`;
}
