import type { Config, Language, Site } from '../config/schema';
import { germanWithin } from './i18n/isolate';

/** A link to something else that the town offers online. */
export interface ServiceLink {
  readonly href: string;
  readonly title: string;
}

/** More than fit on the screen of a phone serve nobody. */
const MOST = 10;

/** The site's services, then the town's; what has no title in the language has its German one. */
export function servicesOf({ town }: Config, site: Site, language: Language): readonly ServiceLink[] {
  return [...site.services, ...town.services].slice(0, MOST).map(({ title, url }) => ({
    href: url,
    title: title[language] ?? germanWithin(title.de ?? url),
  }));
}
