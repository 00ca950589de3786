import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { localDate, type Millis } from '../core/time';
import { didYouMean, type Explained } from './explain';
import { finding, type MistakeKind } from './messages';
import { pathText } from './mistake';
import { nearest } from './nearest';
import { overlap } from './networks';
import { MAKE_KEY, MAKE_SHARED_SECRET } from './read-secret';
import type { Config } from './schema';
import { KEY_LENGTH, type Secret, SHARED_SECRET_LENGTH, weakness } from './secret';
import { termsFile } from './terms-files';

/** The sections of a configuration that are right in themselves; all of them if the file has no other mistake. */
export type Sections = { readonly [Key in keyof Config]?: Config[Key] | undefined };

/** Where relative paths start, and the time now if validity is to be checked. */
export interface CheckContext {
  readonly folder: string;
  readonly now?: Millis;
}

/** The mistakes that only several keys together show: empty if all is well. */
export function checkConfig(sections: Sections, context: CheckContext): Explained[] {
  return [
    ...duplicateIds(sections),
    ...unknownSites(sections),
    ...weakSecrets(sections),
    ...overlappingClients(sections),
    ...samePorts(sections),
    ...termsMistakes(sections, context),
  ];
}

function mistake(path: readonly (string | number)[], kind: MistakeKind, words: Record<string, string> = {}): Explained {
  return { path, ...finding(kind, words) };
}

function duplicateIds(sections: Sections): Explained[] {
  return (['sites', 'gateways', 'accessPoints'] as const).flatMap((list) => {
    const ids = sections[list]?.map((entry) => entry.id) ?? [];
    return ids.flatMap((id, i) => {
      const first = ids.indexOf(id);
      return first === i ? [] : [mistake([list, i, 'id'], 'duplicate-id', { other: pathText([list, first]) })];
    });
  });
}

function unknownSites(sections: Sections): Explained[] {
  if (sections.sites === undefined) return [];
  const sites = [...new Set(sections.sites.map((site) => site.id))];
  return (['gateways', 'accessPoints'] as const).flatMap((list) =>
    (sections[list] ?? []).flatMap(({ site }, i) => {
      if (sites.includes(site)) return [];
      const words = { hint: didYouMean(nearest(site, sites)), sites: sites.join(', ') };
      return [mistake([list, i, 'site'], 'unknown-site', words)];
    }),
  );
}

function weakSecrets({ demo = false, key, gateways = [] }: Sections): Explained[] {
  const check = (secret: Secret | undefined, path: (string | number)[], length: number, make: string): Explained[] => {
    const why = secret === undefined ? undefined : weakness(secret.reveal(), length, demo);
    return why === undefined ? [] : [mistake(path, why, { limit: String(length), make })];
  };
  const shared = (secret: Secret | undefined, id: string, path: (string | number)[]): Explained[] => {
    const make = `Make one with: ${MAKE_SHARED_SECRET}  and enter it here and at the gateway ${id}.`;
    return check(secret, path, SHARED_SECRET_LENGTH, make);
  };
  return [
    ...check(key, ['key'], KEY_LENGTH, `Make one with: ${MAKE_KEY}`),
    ...gateways.flatMap((gateway, i) => {
      const at = ['gateways', i];
      if (gateway.kind === 'opennds') return shared(gateway.faskey, gateway.id, [...at, 'faskey']);
      return [
        ...shared(gateway.uam.secret, gateway.id, [...at, 'uam', 'secret']),
        ...shared(gateway.radius.secret, gateway.id, [...at, 'radius', 'secret']),
      ];
    }),
  ];
}

/** The RADIUS server knows a gateway by the address its packets come from (RFC 2865 section 3). */
function overlappingClients({ gateways = [] }: Sections): Explained[] {
  const clients = gateways.flatMap((gateway, i) =>
    'radius' in gateway
      ? gateway.radius.clients.map((text, j) => ({ text, i, path: ['gateways', i, 'radius', 'clients', j] }))
      : [],
  );
  return clients.flatMap(({ text, i, path }) => {
    const other = clients.find((earlier) => earlier.i < i && overlap(earlier.text, text));
    return other === undefined ? [] : [mistake(path, 'clients-overlap', { other: pathText(['gateways', other.i]) })];
  });
}

function samePorts({ portal, ops, radius }: Sections): Explained[] {
  const issues: Explained[] = [];
  if (portal && ops && collide(portal.listen, ops.listen)) {
    issues.push(mistake(['ops', 'listen', 'port'], 'same-port', { other: 'portal.listen' }));
  }
  if (radius && radius.authenticationPort === radius.accountingPort && radius.accountingPort !== 0) {
    issues.push(mistake(['radius', 'accountingPort'], 'same-port', { other: 'radius.authenticationPort' }));
  }
  return issues;
}

function collide(a: { host: string; port: number }, b: { host: string; port: number }): boolean {
  return a.port !== 0 && a.port === b.port && (a.host === b.host || a.host === '0.0.0.0' || b.host === '0.0.0.0');
}

function termsMistakes({ terms, town }: Sections, { folder, now }: CheckContext): Explained[] {
  if (terms === undefined || town === undefined) return [];
  const textFolder = terms.folder === undefined ? undefined : resolve(folder, terms.folder);
  const versions = terms.versions.map(({ version }) => version);
  const issues = versions.flatMap((version, i) => {
    const path = ['terms', 'versions', i, 'version'];
    if (versions.indexOf(version) !== i) return [mistake(path, 'terms-twice')];
    const missing = town.languages
      .map((language) => termsFile(textFolder, language, version))
      .filter((file) => !existsSync(file));
    return missing.map((file) => mistake(path, 'terms-file-missing', { file: shortest(file, folder) }));
  });
  if (now === undefined) return issues;
  const today = localDate(now, town.timeZone);
  const inForce = terms.versions.some(({ validFrom }) => validFrom <= today);
  return inForce ? issues : [...issues, mistake(['terms', 'versions', 0, 'validFrom'], 'terms-not-yet')];
}

/** A path as a person in that folder would write it. */
function shortest(file: string, folder: string): string {
  const fromFolder = relative(folder, file);
  return fromFolder.startsWith('..') ? file : fromFolder;
}
