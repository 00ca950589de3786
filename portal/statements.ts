import type { Config, Language } from '../config/schema';
import type { Format } from './i18n/format';
import { germanWithin } from './i18n/isolate';
import type { Translate } from './respond';

/** Who offers this (DDG section 5), as far as the configuration says. */
export function imprintView({ town }: Config): object {
  return { ...town.imprint, isComplete: town.imprint !== undefined };
}

/**
 * The statement on accessibility: what BITV 2.0 section 7 and the model of Implementing Decision (EU) 2018/1523 ask for.
 * What the town has not said is not made up: the page says that it is missing.
 */
export function statementView(
  { accessibility, portal }: Config,
  language: Language,
  t: Translate,
  format: Format | undefined,
): object {
  // Names and laws are German in every language.
  const german = (text: string): string => (language === 'de' ? text : germanWithin(text));
  const day = (date: string): string => format?.day(Date.parse(date)) ?? date;
  const url = new URL(portal.url).host;
  if (accessibility === undefined) return { url, isComplete: false, limits: [], made: [] };
  const { law, conformance, limits, preparedOn, reviewedOn, method, enforcement } = accessibility;
  return {
    url,
    isComplete: true,
    law: t('statement.law', { law: german(law) }),
    conformance: t(`statement.${conformance}`),
    limits: limits.map(({ what, reason }) => ({
      what: what[language] ?? german(what.de ?? ''),
      reason: t(`statement.${reason}`),
    })),
    made: [
      t('statement.prepared', { date: day(preparedOn) }),
      ...(reviewedOn === undefined ? [] : [t('statement.reviewed', { date: day(reviewedOn) })]),
      t(`statement.${method}`),
    ],
    enforcement: { ...enforcement, name: german(enforcement.name) },
  };
}
