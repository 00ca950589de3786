import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Language } from '../../config/schema';
import { END_OF_DOCUMENT } from '../pages';
import type { Portal, Town } from '../portal';
import { languageOf, render, translator } from '../respond';
import { contentSecurityPolicy, type Headers, securityHeadersFor } from '../security';

/** What is answered before any route: by node:http itself, and by our limits. */
const SENTENCES = {
  400: { title: 'error.badRequest', text: 'error.badRequest.text' },
  408: { title: 'error.badRequest', text: 'error.slow.text' },
  413: { title: 'error.badRequest', text: 'error.badRequest.text' },
  417: { title: 'error.badRequest', text: 'error.badRequest.text' },
  431: { title: 'error.badRequest', text: 'error.badRequest.text' },
  503: { title: 'error.store', text: 'busy.text' },
} as const;
export type Apology = keyof typeof SENTENCES;

/** Readable pages for requests that come to no page, with the headers of every other. Each is made once. */
export class Apologies {
  readonly #portal: Portal;
  readonly #pages = new WeakMap<Town, Map<string, Buffer>>();

  constructor(portal: Portal) {
    this.#portal = portal;
  }

  /** Answers a request that arrived. */
  answer(request: IncomingMessage, response: ServerResponse, status: Apology): void {
    const { town } = this.#portal;
    const language = languageOf(this.#portal, request);
    const page = this.#page(status, language);
    const headers = this.#headers(securityHeadersFor(town.headers, request), status, language, page.length);
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : page);
    request.resume();
  }

  /** A whole answer for a connection on which no request arrived that could be read: in the town's first language. */
  octets(status: Apology): Buffer {
    const { town } = this.#portal;
    const language = town.config.town.languages[0] ?? 'de';
    const page = this.#page(status, language);
    const headers = this.#headers(town.headers.plain, status, language, page.length);
    const lines = headers.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n`, 'latin1'), page]);
  }

  #headers(security: Headers, status: Apology, language: Language, length: number): string[] {
    return [
      ...security,
      ...['Content-Security-Policy', contentSecurityPolicy(this.#portal.pages.styleHash, [])],
      ...['Content-Type', 'text/html; charset=utf-8', 'Content-Language', language],
      ...['Cache-Control', 'no-store', 'Connection', 'close', 'Content-Length', String(length)],
      ...(status === 503 ? ['Retry-After', '10'] : []),
    ];
  }

  #page(status: Apology, language: Language): Buffer {
    const { town } = this.#portal;
    const pages = this.#pages.get(town) ?? new Map<string, Buffer>();
    this.#pages.set(town, pages);
    const key = `${status} ${language}`;
    const page = pages.get(key) ?? Buffer.from(this.#render(status, language));
    pages.set(key, page);
    return page;
  }

  #render(status: Apology, language: Language): string {
    const t = translator(this.#portal, language);
    const { title, text } = SENTENCES[status];
    const view = { paragraphs: [t(text)], home: true };
    return render(this.#portal, { name: 'message', title: t(title), language, view }, []) + END_OF_DOCUMENT;
  }
}
