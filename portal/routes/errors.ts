import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Language } from '../../config/schema';
import { type Portal, StoreFailed } from '../portal';
import { languageOf, sendPage, translator } from '../respond';

/** A page that says one thing in plain words. */
export interface Message {
  readonly status?: number;
  /** In which the texts are, if it is another than the request asks for. */
  readonly language?: Language;
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** How to begin anew: an address, or null if the gateway is not known and only the device can help. */
  readonly restart?: string | null;
  /** How to try the same again: the word of the form, and where it leads in the end. */
  readonly retry?: { readonly visit: string; readonly formTarget?: string | undefined };
  /** A word for the help desk. */
  readonly note?: string;
  readonly home?: boolean;
}

export function showMessage(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  message: Message,
): void {
  const { status, title, paragraphs, restart, retry, note, home } = message;
  sendPage(portal, request, response, {
    name: 'message',
    title,
    language: message.language ?? languageOf(portal, request),
    ...(status !== undefined && { status }),
    ...(retry?.formTarget !== undefined && { formTarget: retry.formTarget }),
    view: { paragraphs, restart, retry: retry?.visit, note, home },
  });
}

/** What no route knows. */
export function notFound(portal: Portal): RequestHandler {
  return (request, response) => showError(portal, request, response, 404, 'error.notFound');
}

/** Requests that cannot be read, a store that fails, and our own faults: a page each, never a stack trace. */
export function faults(portal: Portal): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => showFault(portal, request, response, error);
}

/** Answers a request during which something was thrown. */
export function showFault(portal: Portal, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    // Half an answer cannot be mended; the browser must not take it for a whole one.
    response.destroy();
    portal.log.error('portal-fault', { err: error });
    return;
  }
  if (error instanceof StoreFailed) {
    portal.log.error('portal-store-failed', { err: error.cause });
    response.setHeader('Retry-After', '30');
    showError(portal, request, response, 503, 'error.store');
    return;
  }
  const status = clientFault(error);
  if (status !== undefined) {
    showError(portal, request, response, status, 'error.badRequest');
    return;
  }
  portal.log.error('portal-fault', { err: error });
  showError(portal, request, response, 500, 'error.fault');
}

function showError(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  key: string,
): void {
  const t = translator(portal, languageOf(portal, request));
  showMessage(portal, request, response, { status, title: t(key), paragraphs: [t(`${key}.text`)], home: true });
}

/** Express and its body parser mark what the client did wrong with a 4xx status. */
function clientFault(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  const { status } = error;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
