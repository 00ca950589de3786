import type { Config } from './schema';
import { type Secret, weakness } from './secret';

/** A mistake that only several keys together show. */
export interface CheckIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly remedy: string;
}

const MAKE_SECRET = 'Make one with: openssl rand -base64 32';
const KEY_LENGTH = 32;

/** Names used twice, sites that do not exist, secrets that everybody knows. Empty if all is well. */
export function checkConfig(config: Config): CheckIssue[] {
  return [...duplicateIds(config), ...unknownSites(config), ...weakSecrets(config)];
}

function duplicateIds(config: Config): CheckIssue[] {
  return (['sites', 'gateways', 'accessPoints'] as const).flatMap((list) => {
    const ids = config[list].map((entry) => entry.id);
    return ids.flatMap((id, i) => {
      const first = ids.indexOf(id);
      return first === i
        ? []
        : [{ path: [list, i, 'id'], message: `${list}[${first}] has this id already.`, remedy: 'Choose another one.' }];
    });
  });
}

function unknownSites(config: Config): CheckIssue[] {
  const sites = config.sites.map((site) => site.id);
  const remedy = `Use one of: ${sites.join(', ')}; or add it under sites.`;
  return (['gateways', 'accessPoints'] as const).flatMap((list) =>
    config[list].flatMap((entry, i) =>
      sites.includes(entry.site) ? [] : [{ path: [list, i, 'site'], message: 'There is no such site.', remedy }],
    ),
  );
}

function weakSecrets(config: Config): CheckIssue[] {
  const issues: CheckIssue[] = [];
  const check = (secret: Secret | undefined, path: (string | number)[], remedy: string): void => {
    const why = secret === undefined ? undefined : weakness(secret.reveal(), config.demo);
    if (why !== undefined) issues.push({ path, message: `The secret ${why}.`, remedy });
  };
  check(config.key, ['key'], `${MAKE_SECRET}`);
  if (issues.length === 0 && config.key.reveal().length < KEY_LENGTH) {
    issues.push({ path: ['key'], message: `The key is shorter than ${KEY_LENGTH} characters.`, remedy: MAKE_SECRET });
  }
  config.gateways.forEach((gateway, i) => {
    const remedy = `${MAKE_SECRET}  and enter it here and at the gateway ${gateway.id}.`;
    if (gateway.kind === 'opennds') check(gateway.faskey, ['gateways', i, 'faskey'], remedy);
    else {
      check(gateway.radius.secret, ['gateways', i, 'radius', 'secret'], remedy);
      check(gateway.uam.secret, ['gateways', i, 'uam', 'secret'], remedy);
    }
  });
  return issues;
}
