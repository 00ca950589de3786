import { Agent, createServer, get, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';

/** What no page may contain as it stands here. */
export const MARKUP = '<zq>';

/** The same mutations each time; another seed by the environment tries others. */
const SEED = Number(process.env.HOSTILE_SEED ?? 2026);

const pieces = fc.oneof(
  fc.string({ maxLength: 20, unit: 'binary' }),
  fc.constantFrom(
    MARKUP,
    `"><script>${MARKUP}`,
    `'${MARKUP}`,
    `javascript:${MARKUP}`,
    '\u0000',
    '\r\nX: y',
    '../..',
    '%',
  ),
);
const raw = fc.constantFrom(
  '%3Czq%3E',
  '%',
  '%zz',
  '&',
  '=',
  '&l=en',
  '&=',
  '+',
  '%00',
  '%2B',
  '&fas=',
  '&res=success',
  '?',
);
const insert = fc.oneof(
  pieces.map((text) => encodeURIComponent(text)),
  raw,
);

/** A redirect with up to three pieces of its query cut out, put in, or written twice. */
export function mutated(redirect: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat(4_000),
    cut: fc.oneof(fc.constant(0), fc.nat(40)),
    insert,
    twice: fc.boolean(),
  });
  return fc.tuple(redirect, fc.array(change, { minLength: 1, maxLength: 3 })).map(([whole, changes]) =>
    changes.reduce((text, { at, cut, insert: put, twice }) => {
      const query = text.indexOf('?') + 1;
      const from = query + (at % (text.length - query + 1));
      return `${text.slice(0, from)}${put}${twice ? text.slice(from, from + cut) : ''}${text.slice(twice ? from : from + cut)}`;
    }, whole),
  );
}

/**
 * Sends mutated redirects through a socket: whatever they are, the answer is a page of ours or a redirect, never a fault,
 * and nothing of theirs is markup in it.
 * @returns how often each status was answered
 */
export async function attack(app: RequestListener, redirects: fc.Arbitrary<string>, runs = 10_000) {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const statuses = new Map<number, number>();
  const ask = (path: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      }).on('error', reject);
    });
  try {
    await fc.assert(
      fc.asyncProperty(redirects, async (path) => {
        const { status, text } = await ask(path);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status >= 500) throw new Error(`status ${status}`);
        if (text.includes(MARKUP)) throw new Error('its markup is in the page');
      }),
      { numRuns: runs, seed: SEED },
    );
  } finally {
    agent.destroy();
    server.close();
  }
  return statuses;
}
