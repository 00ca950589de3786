import { OperatorError } from '../core/errors';
import { configOfProduct } from './ask-product';
import { privacyReport, REPORT_LANGUAGES } from './privacy-report';

export interface PrivacyOptions {
  readonly config: string;
  readonly language: string;
}

/**
 * `stadtfunk privacy report`: record of processing activities and information for visitors, as Markdown.
 * @returns the exit code, 0
 * @throws OperatorError if there is no report in this language
 */
export function privacyReportCommand({ config, language: asked }: PrivacyOptions): number {
  const language = REPORT_LANGUAGES.find((one) => one === asked);
  if (language === undefined) {
    const known = REPORT_LANGUAGES.join(', ');
    throw new OperatorError('CONFIG_LANGUAGE', `There is no report in the language ${asked}.`, `There are: ${known}.`);
  }
  process.stdout.write(privacyReport(configOfProduct(config), language));
  return 0;
}
