import type { Config, Gateway } from '../config/schema';
import { OperatorError } from '../core/errors';
import { configOfProduct } from './ask-product';

export interface WalledGardenOptions {
  readonly config: string;
  readonly gateway?: string;
}

/** A host that visitors must reach before they accept the terms, and why. */
export interface OpenHost {
  readonly host: string;
  readonly why: string;
}

/**
 * `stadtfunk walled-garden`: which hosts each gateway has to let through before login.
 * @returns the exit code, 0
 * @throws OperatorError if there is no such gateway
 */
export function walledGarden({ config: file, gateway: asked }: WalledGardenOptions): number {
  const config = configOfProduct(file);
  const gateways = config.gateways.filter(
    ({ id, kind }) => kind !== 'hostapd' && (asked === undefined || id === asked),
  );
  if (asked !== undefined && gateways.length === 0) {
    const known = config.gateways.map(({ id }) => id).join(', ');
    throw new OperatorError('CONFIG_SCOPE', `There is no gateway ${asked} with pages.`, `There are: ${known}.`);
  }
  for (const gateway of gateways) {
    const hosts = openHosts(config, gateway);
    const width = Math.max(...hosts.map(({ host }) => host.length));
    const lines = hosts.map(({ host, why }) => `  ${host.padEnd(width)}  ${why}\n`);
    process.stdout.write(`${gateway.id} (${gateway.kind})\n${lines.join('')}`);
  }
  return 0;
}

/** The hosts of one gateway, each once; the portal first. */
export function openHosts({ portal, town, sites, accessibility }: Config, gateway: Gateway): readonly OpenHost[] {
  const site = sites.find(({ id }) => id === gateway.site);
  const services = site?.servicesBeforeLogin === true ? [...site.services, ...town.services] : [];
  const links: readonly (readonly [url: string | undefined, why: string])[] = [
    [portal.url, 'the portal'],
    [town.imprintUrl, 'imprint'],
    [town.privacyUrl, 'privacy notice'],
    [town.accessibilityUrl, 'accessibility statement'],
    [town.signLanguageUrl, 'video in sign language'],
    [accessibility?.enforcement.url, 'enforcement body, linked from the accessibility statement'],
    ...services.map(({ title, url }) => [url, title.de ?? ''] as const),
  ];
  const reasons = new Map<string, string[]>();
  for (const [url, why] of links) {
    if (url === undefined) continue;
    const { host } = new URL(url);
    reasons.set(host, [...(reasons.get(host) ?? []), why]);
  }
  return [...reasons].map(([host, why]) => ({ host, why: why.join(', ') }));
}
