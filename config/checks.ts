import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { relative, resolve } from 'node:path';
import { localDate, type Millis } from '../core/time';
import { isCircular, pathFrom, uplinksOf } from '../core/uplinks';
import { readCalendar } from './calendar';
import { termsPlace, textFile } from './documents';
import { didYouMean, type Explained } from './explain';
import { finding, type MistakeKind } from './messages';
import { pathText } from './mistake';
import { nearest } from './nearest';
import { sameNetwork } from './networks';
import { MAKE_KEY, MAKE_SHARED_SECRET } from './read-secret';
import type { Config } from './schema';
import { KEY_LENGTH, type Secret, SHARED_SECRET_LENGTH, weakness } from './secret';
import { canBePlayed } from './synthetic-visitors';

/** The sections of a configuration that are right in themselves; all of them if the file has no other mistake. */
export type Sections = { readonly [Key in keyof Config]?: Config[Key] | undefined };

/** Where relative paths start, and the time now if validity is to be checked. */
export interface CheckContext {
  readonly folder: string;
  readonly now?: Millis;
}

/** Hexadecimal digits of the shortest pre-shared key, 16 octets. */
const PSK_DIGITS = 2 * SHARED_SECRET_LENGTH;

/** The mistakes that only several keys together show: empty if all is well. */
export function checkConfig(sections: Sections, context: CheckContext): Explained[] {
  return [
    ...duplicateIds(sections),
    ...unknownSites(sections),
    ...uplinkMistakes(sections),
    ...calendarMistakes(sections, context),
    ...weakSecrets(sections),
    ...visitorMistakes(sections),
    ...accessPointMistakes(sections),
    ...overlappingClients(sections),
    ...unchangedSecrets(sections),
    ...radsecMistakes(sections),
    ...sharedControllers(sections),
    ...plainCaptiveApis(sections),
    ...authmonMistakes(sections),
    ...samePorts(sections),
    ...redisMistakes(sections),
    ...termsMistakes(sections, context),
  ];
}

function mistake(path: readonly (string | number)[], kind: MistakeKind, words: Record<string, string> = {}): Explained {
  return { path, ...finding(kind, words) };
}

function duplicateIds(sections: Sections): Explained[] {
  return (['sites', 'gateways', 'accessPoints', 'calendars', 'blockings', 'maintenance'] as const).flatMap((list) => {
    const ids = sections[list]?.map((entry) => entry.id) ?? [];
    // Reversed, so that the first of equal ids is what remains; a search for each would take seconds in a large town.
    const firsts = new Map(ids.map((id, i) => [id, i] as const).reverse());
    return ids.flatMap((id, i) => {
      const first = firsts.get(id) ?? i;
      return first === i ? [] : [mistake([list, i, 'id'], 'duplicate-id', { other: pathText([list, first]) })];
    });
  });
}

function unknownSites(sections: Sections): Explained[] {
  if (sections.sites === undefined) return [];
  const known = new Set(sections.sites.map((site) => site.id));
  const sites = [...known];
  const check = (site: string, path: (string | number)[]): Explained[] => {
    if (known.has(site)) return [];
    return [mistake(path, 'unknown-site', { hint: didYouMean(nearest(site, sites)), sites: sites.join(', ') })];
  };
  return [
    ...(['gateways', 'accessPoints'] as const).flatMap((list) =>
      (sections[list] ?? []).flatMap(({ site }, i) => check(site, [list, i, 'site'])),
    ),
    ...(['blockings', 'maintenance'] as const).flatMap((list) =>
      (sections[list] ?? []).flatMap((entry, i) =>
        (entry.sites ?? []).flatMap((site, j) => check(site, [list, i, 'sites', j])),
      ),
    ),
  ];
}

/** What is reached through something else needs an end, and maintenance something to work on. */
function uplinkMistakes({ accessPoints, sites = [], maintenance = [] }: Sections): Explained[] {
  if (accessPoints === undefined) return [];
  const ids = accessPoints.map(({ id }) => id);
  const known = new Set(ids);
  const check = (id: string | undefined, path: (string | number)[]): Explained[] =>
    id === undefined || known.has(id)
      ? []
      : [mistake(path, 'unknown-access-point', { hint: didYouMean(nearest(id, ids)) })];
  const unknown = [
    ...accessPoints.flatMap(({ uplink }, i) => check(uplink, ['accessPoints', i, 'uplink'])),
    ...sites.flatMap(({ uplink }, i) => check(uplink, ['sites', i, 'uplink'])),
    ...maintenance.flatMap((work, i) =>
      (work.accessPoints ?? []).flatMap((id, j) => check(id, ['maintenance', i, 'accessPoints', j])),
    ),
  ];
  if (unknown.length > 0) return unknown;
  const uplinks = uplinksOf({ accessPoints, sites });
  const first = accessPoints.findIndex(({ id }) => isCircular(id, uplinks));
  const id = ids[first];
  if (id === undefined) return [];
  const path = [id, ...pathFrom(id, uplinks)].join(' → ');
  const key = accessPoints[first]?.uplink === undefined ? 'site' : 'uplink';
  return [mistake(['accessPoints', first, key], 'uplink-circle', { path })];
}

function redisMistakes({ store }: Sections): Explained[] {
  if (store?.kind !== 'redis') return [];
  const { redis } = store;
  if (redis === undefined) return [mistake(['store', 'kind'], 'redis-missing')];
  const found = (['server', 'socket', 'sentinels', 'cluster'] as const).filter((way) => redis[way] !== undefined);
  if (found.length !== 1) {
    const words = { found: found.length === 0 ? 'none is named' : `here are ${found.join(', ')}` };
    return [mistake(['store', 'redis'], 'redis-where', words)];
  }
  const isWrong = redis.cluster !== undefined && redis.database > 0;
  return isWrong ? [mistake(['store', 'redis', 'database'], 'redis-database')] : [];
}

function calendarMistakes({ calendars, sites = [] }: Sections, { folder }: CheckContext): Explained[] {
  if (calendars === undefined) return [];
  const known = calendars.map(({ id }) => id);
  const unknown = sites.flatMap(({ rules: { closedOn = [] } }, i) =>
    closedOn.flatMap((id, j) => {
      if (known.includes(id)) return [];
      const words = { hint: didYouMean(nearest(id, known)), calendars: known.join(', ') || 'none so far' };
      return [mistake(['sites', i, 'rules', 'closedOn', j], 'unknown-calendar', words)];
    }),
  );
  const unusable = calendars.flatMap(({ file }, i) => {
    const read = readCalendar(file, folder);
    if (read.ok) return [];
    const words = { file, why: read.line === undefined ? read.why : `line ${read.line}: ${read.why}` };
    return [mistake(['calendars', i, 'file'], 'calendar-unusable', words)];
  });
  return [...unknown, ...unusable];
}

function weakSecrets({ demo = false, key, gateways = [], store }: Sections): Explained[] {
  const check = (secret: Secret | undefined, path: (string | number)[], length: number, make: string): Explained[] => {
    const why = secret === undefined ? undefined : weakness(secret.reveal(), length, demo);
    return why === undefined ? [] : [mistake(path, why, { limit: String(length), make })];
  };
  const shared = (
    secret: Secret | undefined,
    id: string,
    path: (string | number)[],
    length = SHARED_SECRET_LENGTH,
  ): Explained[] => {
    const make = `Make one with: ${MAKE_SHARED_SECRET}  and enter it here and at the gateway ${id}.`;
    return check(secret, path, length, make);
  };
  return [
    ...check(key, ['key'], KEY_LENGTH, `Make one with: ${MAKE_KEY}`),
    ...check(
      store?.redis?.password,
      ['store', 'redis', 'password'],
      SHARED_SECRET_LENGTH,
      `Make one with: ${MAKE_SHARED_SECRET}  and enter it here and at Redis.`,
    ),
    ...gateways.flatMap((gateway, i) => {
      const at = ['gateways', i];
      if (gateway.kind === 'opennds') {
        return [
          ...shared(gateway.faskey, gateway.id, [...at, 'faskey']),
          ...shared(gateway.authmonPath, gateway.id, [...at, 'authmonPath']),
          ...shared(gateway.agentSecret, gateway.id, [...at, 'agentSecret']),
        ];
      }
      if (!('radius' in gateway)) return [];
      return [
        ...('captiveApi' in gateway
          ? shared(gateway.captiveApi?.secret, gateway.id, [...at, 'captiveApi', 'secret'])
          : []),
        ...('uam' in gateway ? shared(gateway.uam.secret, gateway.id, [...at, 'uam', 'secret']) : []),
        ...shared(gateway.radius.secret, gateway.id, [...at, 'radius', 'secret']),
        ...shared(gateway.radius.formerSecret, gateway.id, [...at, 'radius', 'formerSecret']),
        ...shared(gateway.radius.tls?.psk?.key, gateway.id, [...at, 'radius', 'tls', 'psk', 'key'], PSK_DIGITS),
      ];
    }),
  ];
}

/** Something has to say how an access point is asked; respondd speaks IPv6 only, and in a group of nodes one has to be named. */
function accessPointMistakes({ accessPoints = [], controller }: Sections): Explained[] {
  return accessPoints.flatMap(({ community, snmp, respondd, host }, i) => {
    const at = ['accessPoints', i];
    if (community !== undefined && snmp !== undefined) return [mistake([...at, 'community'], 'snmp-twice')];
    const isAsked = [community, snmp, respondd, controller?.snmp].some((way) => way !== undefined);
    if (!isAsked && controller !== undefined) return [mistake(at, 'access-point-protocol')];
    if (respondd === undefined) return [];
    if (isIP(host) === 4) return [mistake([...at, 'host'], 'respondd-ipv4')];
    const isGroup = /^ff/i.test(host) && isIP(host) === 6;
    return isGroup && respondd.nodeId === undefined ? [mistake([...at, 'respondd'], 'respondd-group')] : [];
  });
}

function visitorMistakes({ syntheticVisitors = [], gateways }: Sections): Explained[] {
  if (gateways === undefined) return [];
  const walkable = gateways.filter(canBePlayed).map(({ id }) => id);
  return syntheticVisitors.flatMap(({ gateway }, i) => {
    const isFirst = syntheticVisitors.findIndex((other) => other.gateway === gateway) === i;
    if (walkable.includes(gateway) && isFirst) return [];
    const words = { gateways: walkable.join(', ') || 'none so far' };
    return [mistake(['syntheticVisitors', i, 'gateway'], 'visitor-gateway', words)];
  });
}

/**
 * The RADIUS server knows a gateway by the address its packets come from (RFC 2865 section 3), the most specific network
 * first, and gateways with the same one by their NAS-Identifier; one of those may go without.
 */
function overlappingClients({ gateways = [] }: Sections): Explained[] {
  const clients = gateways.flatMap((gateway, i) =>
    'radius' in gateway ? gateway.radius.clients.map((text, j) => ({ text, i, j, radius: gateway.radius })) : [],
  );
  return clients.flatMap(({ text, i, j, radius: { nasIdentifier } }) => {
    const other = clients.find(
      (earlier) => earlier.i < i && earlier.radius.nasIdentifier === nasIdentifier && sameNetwork(earlier.text, text),
    );
    if (other === undefined) return [];
    const words = { other: pathText(['gateways', other.i]) };
    const at = ['gateways', i, 'radius'];
    return nasIdentifier === undefined
      ? [mistake([...at, 'clients', j], 'clients-overlap', words)]
      : [mistake([...at, 'nasIdentifier'], 'same-nas-identifier', words)];
  });
}

/** An overlap of two secrets that are one would never be seen to end. */
function unchangedSecrets({ gateways = [] }: Sections): Explained[] {
  return gateways.flatMap((gateway, i) =>
    'radius' in gateway && gateway.radius.formerSecret?.reveal() === gateway.radius.secret.reveal()
      ? [mistake(['gateways', i, 'radius', 'formerSecret'], 'former-secret-same')]
      : [],
  );
}

/** Over RadSec a gateway is known by its certificate or its key alone. */
function radsecMistakes({ gateways = [], radius }: Sections): Explained[] {
  const issues: Explained[] = [];
  const seen = new Map<string, number>();
  const unique = (what: 'certificateName' | 'psk', identity: string | undefined, i: number): void => {
    if (identity === undefined) return;
    const first = seen.get(`${what} ${identity}`);
    seen.set(`${what} ${identity}`, first ?? i);
    if (first === undefined) return;
    const path = ['radius', 'tls', what, ...(what === 'psk' ? ['identity'] : [])];
    issues.push(mistake(['gateways', i, ...path], 'tls-identity-twice', { other: pathText(['gateways', first]) }));
  };
  for (const [i, gateway] of gateways.entries()) {
    if (!('radius' in gateway)) continue;
    const { clients, tls } = gateway.radius;
    const at = ['gateways', i, 'radius'];
    unique('certificateName', tls?.certificateName, i);
    unique('psk', tls?.psk?.identity, i);
    if (clients.length === 0 && tls?.certificateName === undefined && tls?.psk === undefined) {
      issues.push(mistake(at, 'gateway-unrecognisable'));
    }
    if (tls === undefined || radius === undefined) continue;
    if (radius.radsec === undefined) {
      issues.push(mistake([...at, 'tls'], 'tls-without-radsec', { section: 'radius.radsec' }));
    } else if (tls.certificateName !== undefined && radius.radsec.certificates === undefined) {
      const section = 'radius.radsec.certificates';
      issues.push(mistake([...at, 'tls', 'certificateName'], 'tls-without-radsec', { section }));
    }
  }
  return issues;
}

/** At levels 3 and 4 openNDS asks by https whom to let in, and nothing but the path says which access point it is. */
function authmonMistakes({ gateways = [], portal }: Sections): Explained[] {
  return gateways.flatMap((gateway, i) => {
    if (gateway.kind !== 'opennds' || gateway.level < 3) return [];
    const words = { id: gateway.id, make: MAKE_SHARED_SECRET };
    return [
      ...(gateway.authmonPath === undefined ? [mistake(['gateways', i], 'authmon-path-missing', words)] : []),
      ...(portal?.url.startsWith('http:') ? [mistake(['gateways', i, 'level'], 'authmon-needs-https')] : []),
    ];
  });
}

/** The redirect names the controller's site and the access point, never the controller. */
function sharedControllers({ gateways = [] }: Sections): Explained[] {
  const open = gateways.flatMap((gateway, i) =>
    gateway.kind === 'unifi' && gateway.accessPoints.length === 0 ? [{ i, site: gateway.controller.site }] : [],
  );
  return open.flatMap(({ i, site }) => {
    const other = open.find((earlier) => earlier.i < i && earlier.site === site);
    if (other === undefined) return [];
    return [
      mistake(['gateways', i, 'controller', 'site'], 'controller-shared', { other: pathText(['gateways', other.i]) }),
    ];
  });
}

function plainCaptiveApis({ portal, gateways = [] }: Sections): Explained[] {
  if (portal === undefined || portal.url.startsWith('https:')) return [];
  return gateways.flatMap((gateway, i) =>
    'captiveApi' in gateway && gateway.captiveApi !== undefined
      ? [mistake(['gateways', i, 'captiveApi'], 'captive-api-plain')]
      : [],
  );
}

function samePorts({ portal, ops, radius }: Sections): Explained[] {
  const issues: Explained[] = [];
  for (const [other, listen] of Object.entries({ 'portal.listen': portal?.listen, 'ops.listen': ops?.listen })) {
    if (listen && radius?.radsec && collide(listen, radius.radsec)) {
      issues.push(mistake(['radius', 'radsec', 'port'], 'same-port', { other }));
    }
  }
  if (portal && ops && collide(portal.listen, ops.listen)) {
    issues.push(mistake(['ops', 'listen', 'port'], 'same-port', { other: 'portal.listen' }));
  }
  const { probes } = portal ?? {};
  if (probes) {
    for (const [other, listen] of Object.entries({ 'portal.listen': portal?.listen, 'ops.listen': ops?.listen })) {
      if (listen && collide(probes, listen)) issues.push(mistake(['portal', 'probes', 'port'], 'same-port', { other }));
    }
  }
  if (radius && radius.authenticationPort === radius.accountingPort && radius.accountingPort !== 0) {
    issues.push(mistake(['radius', 'accountingPort'], 'same-port', { other: 'radius.authenticationPort' }));
  }
  return issues;
}

function collide(a: { host: string; port: number }, b: { host: string; port: number }): boolean {
  return (
    a.port !== 0 &&
    a.port === b.port &&
    (a.host === b.host || [a.host, b.host].some((host) => host === '0.0.0.0' || host === '::'))
  );
}

/** Terms must be there in German; in every other language the German text stands in for a missing one. */
function termsMistakes({ terms, sites = [], town }: Sections, { folder, now }: CheckContext): Explained[] {
  if (terms === undefined || town === undefined) return [];
  const own = sites.flatMap((site, i) =>
    site.terms?.versions === undefined ? [] : [{ ...site.terms, versions: site.terms.versions, at: ['sites', i] }],
  );
  return [{ ...terms, at: [] }, ...own].flatMap((list) => {
    const at = [...list.at, 'terms', 'versions'];
    const textFolder = list.folder === undefined ? undefined : resolve(folder, list.folder);
    const versions = list.versions.map(({ version }) => version);
    const issues = versions.flatMap((version, i) => {
      if (versions.indexOf(version) !== i) return [mistake([...at, i, 'version'], 'terms-twice')];
      const file = textFile(termsPlace(textFolder, version), 'de');
      return existsSync(file)
        ? []
        : [mistake([...at, i, 'version'], 'terms-file-missing', { file: shortest(file, folder) })];
    });
    const today = now === undefined ? undefined : localDate(now, town.timeZone);
    const inForce = today === undefined || list.versions.some(({ validFrom }) => validFrom <= today);
    return inForce ? issues : [...issues, mistake([...at, 0, 'validFrom'], 'terms-not-yet')];
  });
}

/** A path as a person in that folder would write it. */
function shortest(file: string, folder: string): string {
  const fromFolder = relative(folder, file);
  return fromFolder.startsWith('..') ? file : fromFolder;
}
