import type { IncomingMessage } from 'node:http';

/** A form holds a sealed word and little else. */
const MAX_FORM_OCTETS = 8_192;

/** The client's mistake; `status` is what it is answered with. */
export class BadForm extends Error {
  readonly status: number;
  /** What arrived of it before it was too long. */
  readonly begun: URLSearchParams | undefined;

  constructor(status: number, message: string, begun?: URLSearchParams) {
    super(message);
    this.status = status;
    this.begun = begun;
  }
}

/**
 * The fields of a form that a browser sent. What is not a form has none.
 * @param limit  octets
 * @throws BadForm, by rejecting, if it is too long or does not arrive
 */
export function readForm(request: IncomingMessage, limit = MAX_FORM_OCTETS): Promise<URLSearchParams> {
  const parts: Buffer[] = [];
  let octets = 0;
  const fields = (): URLSearchParams => new URLSearchParams(isForm(request) ? Buffer.concat(parts).toString() : '');
  return new Promise((resolve, reject) => {
    request
      .on('data', (part: Buffer) => {
        const room = limit - octets;
        octets += part.length;
        if (room >= part.length) parts.push(part);
        else if (room >= 0) {
          parts.push(part.subarray(0, room));
          reject(new BadForm(413, 'The form is too long.', fields()));
        }
      })
      .once('end', () => resolve(fields()))
      .once('error', () => reject(new BadForm(400, 'The form did not arrive.')));
  });
}

function isForm({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
}
