import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { errnoOf, OperatorError } from '../../../core/errors';
import { ControllerFailed } from './controller';

const MAX_BODY_OCTETS = 1_000_000;

/** One request to a controller. */
export interface Call {
  readonly method: 'GET' | 'POST';
  /** From the first slash on, with the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What the JSON says; undefined if it is none. */
  readonly body: unknown;
}

/** Asks a controller over TLS. Its certificate is checked against its name, always. */
export type Ask = (call: Call) => Promise<Answer>;

/**
 * @param authority  PEM file with the authority of the controller's certificate; those of Node.js without it
 * @throws OperatorError AUTHORITY_UNREADABLE
 */
export function askAt(url: string, authority: string | undefined): Ask {
  const ca = authority === undefined ? undefined : readAuthority(authority);
  const agent = new Agent({ keepAlive: true, maxSockets: 32, ...(ca !== undefined && { ca }) });
  return (call) => ask(url, agent, call);
}

function readAuthority(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new OperatorError(
      'AUTHORITY_UNREADABLE',
      `Cannot read ${file}, the authority of a UniFi controller.`,
      'Correct controller.authority, or make the file readable for the service.',
      { cause },
    );
  }
}

function ask(url: string, agent: Agent, { method, path, headers, body, signal }: Call): Promise<Answer> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, url),
      {
        method,
        agent,
        signal,
        headers: {
          accept: 'application/json',
          ...headers,
          ...(content !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(content)),
          }),
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        let octets = 0;
        response.on('data', (part: Buffer) => {
          octets += part.length;
          if (octets > MAX_BODY_OCTETS) response.destroy(new ControllerFailed('unreadable'));
          else parts.push(part);
        });
        response.on('error', (error) => reject(failure(error, signal)));
        response.on('end', () => {
          const { statusCode: status = 0 } = response;
          resolve({ status, headers: response.headers, body: json(Buffer.concat(parts).toString('utf8')) });
        });
      },
    );
    sent.on('error', (error) => reject(failure(error, signal)));
    sent.end(content);
  });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failure(error: Error, signal: AbortSignal): ControllerFailed {
  if (error instanceof ControllerFailed) return error;
  if (signal.aborted) return new ControllerFailed('timeout', { cause: error });
  const isCertificate = /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_(VERIFY|GET_ISSUER)|EPROTO|ERR_SSL/.test(
    errnoOf(error) ?? '',
  );
  return new ControllerFailed(isCertificate ? 'certificate' : 'unreachable', { cause: error });
}
