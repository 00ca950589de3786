import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import Negotiator from 'negotiator';
import { EXPOSITION_TYPE } from './exposition';
import type { Registry } from './metrics';

/**
 * Level 1 makes a page of metrics six times smaller in a third of the time that the usual level takes for seven. What a
 * piece of 256 kB becomes fits into one chunk: each chunk waits for a turn of the event loop, which is long in a busy town.
 */
const GZIP = { level: constants.Z_BEST_SPEED, chunkSize: 64 * 1024 };

/** Text, or the octets of its UTF-8. */
export type Piece = string | Uint8Array;

/** A page for monitoring, written in pieces so that a long one keeps nobody waiting. */
export interface OpsPage {
  readonly type: string;
  /** Undefined if what the query asks for does not exist. */
  pieces(query: URLSearchParams): AsyncIterable<Piece> | undefined;
}

/** What is counted in this process, and after it what `more` writes. */
export function metricsPage(registry: Pick<Registry, 'metrics'>, more?: () => AsyncIterable<Piece>): OpsPage {
  async function* pieces(): AsyncGenerator<Piece> {
    yield await registry.metrics();
    if (more !== undefined) yield* more();
  }
  return { type: EXPOSITION_TYPE, pieces };
}

/** Sends the page, compressed if asked for. A fault of its first piece is thrown before anything is sent. */
export async function sendPage(
  page: OpsPage,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const pieces = page.pieces(query)?.[Symbol.asyncIterator]();
  if (pieces === undefined) {
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('there is nothing of this name\n');
    return;
  }
  const first = await pieces.next();
  const compressed = new Negotiator(request).encoding(['gzip', 'identity']) === 'gzip';
  response.writeHead(200, {
    'Content-Type': page.type,
    'Cache-Control': 'no-store',
    Vary: 'Accept-Encoding',
    ...(compressed && { 'Content-Encoding': 'gzip' }),
  });
  if (request.method === 'HEAD') {
    await pieces.return?.();
    response.end();
    return;
  }
  const body = Readable.from(from(first, pieces), { objectMode: true, highWaterMark: 2 });
  if (compressed) await pipeline(body, createGzip(GZIP), response);
  else await pipeline(body, response);
}

async function* from(first: IteratorResult<Piece>, rest: AsyncIterator<Piece>): AsyncGenerator<Piece> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
