import type { IncomingMessage } from 'node:http';

/** A form holds a sealed word and little else. */
const MAX_FORM_OCTETS = 8_192;

/** The client's mistake; `status` is what it is answered with. */
export class BadForm extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
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
  return new Promise((resolve, reject) => {
    request
      .on('data', (part: Buffer) => {
        octets += part.length;
        if (octets <= limit) parts.push(part);
        else reject(new BadForm(413, 'The form is too long.'));
      })
      .once('end', () => resolve(new URLSearchParams(isForm(request) ? Buffer.concat(parts).toString() : '')))
      .once('error', () => reject(new BadForm(400, 'The form did not arrive.')));
  });
}

function isForm({ headers }: IncomingMessage): boolean {
  return headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
}
