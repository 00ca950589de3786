import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { deriveKey } from './derive-key';

/** An instruction to the running product: reads what it is asked and says line by line how it goes. */
export type AdminCommand = (asked: unknown, say: (line: object) => void) => Promise<void>;

/** What whoever holds the configuration's `key` may tell the running product. */
export interface Admin {
  readonly token: string;
  /** By path: `/admin/sessions/end`. */
  readonly commands: ReadonlyMap<string, AdminCommand>;
}

const MAX_BODY_OCTETS = 1024;

/** The bearer token of commands. Both sides derive it from the configuration, so it lies nowhere. */
export function adminToken(townKey: string): string {
  return deriveKey(townKey, 'admin').toString('base64url');
}

/**
 * Answers a request below /admin/: POST with a JSON body and the bearer token. The answer is a line of JSON for each
 * step, as it happens; one that ends without `{"finished":true}` was cut off.
 */
export async function answerAdmin(admin: Admin, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refused = refusal(admin, request);
  if (refused !== undefined) {
    response.writeHead(refused, { 'Content-Type': 'text/plain; charset=utf-8' }).end('refused\n');
    return;
  }
  const command = admin.commands.get(request.url ?? '');
  const asked = await readJson(request);
  if (command === undefined || asked === undefined) {
    response.writeHead(command === undefined ? 404 : 400, { 'Content-Type': 'text/plain' }).end('refused\n');
    return;
  }
  // A command may wait for slow gateways and say nothing meanwhile.
  request.socket.setTimeout(0);
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
  const say = (line: object): void => void response.write(`${JSON.stringify(line)}\n`);
  try {
    await command(asked, say);
    say({ finished: true });
  } finally {
    response.end();
  }
}

/** A status if the request must not be looked at. Browsers always say where a request of another page comes from. */
function refusal({ token }: Admin, { method, headers }: IncomingMessage): number | undefined {
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) return 403;
  const given = Buffer.from(headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 401;
  return method === 'POST' ? undefined : 405;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY_OCTETS) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
