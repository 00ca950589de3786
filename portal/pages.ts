import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ejs from 'ejs';
import { OperatorError } from '../core/errors';
import { markGerman } from './i18n/isolate';

/** Every page there is; each is templates/<name>.ejs, put into templates/layout.ejs. */
export const PAGES = [
  'visit',
  'connected',
  'disconnected',
  'me',
  'feedback',
  'feedback-sent',
  'services',
  'statement',
  'imprint',
  'message',
  'status',
  'school',
  'text',
  'transparency',
  'start',
  'demo',
] as const;
export type PageName = (typeof PAGES)[number];

/** What ends every page; the last that a visitor's own page needs goes before it. */
export const END_OF_DOCUMENT = '</body>\n</html>\n';

/** The pages, compiled. */
export interface Pages {
  /** The HTML of a page up to END_OF_DOCUMENT. `view` is what its template reads as `page`. */
  render(name: PageName, view: object): string;
  /** What the Content-Security-Policy says about the style that every page carries: `'sha256-...'`. */
  readonly styleHash: string;
}

/**
 * Reads and compiles all templates and the style, once.
 * @throws OperatorError TEMPLATE_MISSING or TEMPLATE_BROKEN naming the file
 */
export function loadPages(folder: string): Pages {
  const style = minify(read(join(folder, 'assets', 'style.css')));
  const layout = compile(join(folder, 'layout.ejs'));
  const pages = new Map(PAGES.map((name) => [name, compile(join(folder, `${name}.ejs`))]));
  return {
    styleHash: `'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    render: (name, view) => {
      const body = pages.get(name)?.(view) ?? '';
      return markGerman(layout({ ...view, body, style }));
    },
  };
}

function compile(file: string): ejs.TemplateFunction {
  const source = read(file);
  try {
    return ejs.compile(source, { filename: file, strict: true, localsName: 'page', rmWhitespace: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.trim().split('\n')[0] : String(cause);
    throw new OperatorError('TEMPLATE_BROKEN', `The template ${file} is broken: ${why}.`, RESTORE, { cause });
  }
}

const RESTORE = 'Restore the file from the release.';

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatorError('TEMPLATE_MISSING', `The template ${file} cannot be read.`, RESTORE, { cause });
  }
}

/** The style is part of every page; comments and indentation need not be. */
function minify(css: string): string {
  return css
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,>]) ?/g, '$1')
    .trim();
}
