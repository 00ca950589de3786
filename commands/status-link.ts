import { OperatorError } from '../core/errors';
import { statusWord } from '../runtime/school-link';
import { configOfProduct } from './ask-product';

export interface StatusLinkOptions {
  readonly config: string;
  readonly site: string;
}

/** `stadtfunk status link --site S`: the address of the status page, which shows it although it is not public. @returns the exit code */
export function statusLink(options: StatusLinkOptions): number {
  const { sites, key, portal } = configOfProduct(options.config);
  const site = sites.find(({ id }) => id === options.site);
  if (site === undefined) {
    const known = sites.map(({ id }) => id).join(', ');
    throw new OperatorError('CONFIG_SCOPE', `There is no site ${options.site}.`, `There are: ${known}.`);
  }
  const page = `${portal.url}/status/${site.id}`;
  if (site.statusPage === 'public') process.stdout.write(`${page}\n`);
  else if (site.statusLink !== undefined) {
    process.stdout.write(`${page}?k=${statusWord(key.reveal(), site.id, site.statusLink)}\n`);
  } else {
    const remedy = 'Set statusLink: 1 for this site in the configuration.';
    throw new OperatorError(
      'CONFIG_STATUS_LINK',
      `The site ${site.id} has no status page, not even by a link.`,
      remedy,
    );
  }
  return 0;
}
