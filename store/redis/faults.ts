import { errnoOf, OperatorError } from '../../core/errors';

export function storeClosed(): OperatorError {
  return new OperatorError('STORE_CLOSED', 'The store is closed.', 'Start the product again.');
}

/** The cluster moves a slot just now; the command was not carried out. */
export function isMoving(error: unknown): boolean {
  return /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /.test(textOf(error));
}

/** Redis has forgotten the script, or never had it. */
export function lacksScript(error: unknown): boolean {
  return textOf(error).startsWith('NOSCRIPT');
}

/** Redis has no memory left for what a script wanted to write first; so nothing of it was written. */
export function isFull(error: unknown): boolean {
  return textOf(error).includes('OOM command not allowed');
}

/** Fewer replicas than asked for have confirmed a write. */
export function notConfirmed(confirmed: number, wanted: number): OperatorError {
  return new OperatorError(
    'STORE_NOT_CONFIRMED',
    `Only ${confirmed} of the ${wanted} replicas that store.redis.replicas asks for have confirmed a write.`,
    'Look at the replicas; what was not confirmed is asked for again.',
  );
}

interface Known {
  readonly is: RegExp;
  readonly code: string;
  readonly what: string;
  readonly remedy: string;
}

/** By what Redis or Node.js say. The first that fits counts. */
const KNOWN: readonly Known[] = [
  {
    is: /^(WRONGPASS|ERR invalid password|ERR AUTH .*without any password)/,
    code: 'STORE_PASSWORD',
    what: 'Redis refuses the user name or password.',
    remedy: 'Mend store.redis.username and store.redis.password; for Sentinels sentinelUsername and sentinelPassword.',
  },
  {
    is: /^NOAUTH/,
    code: 'STORE_PASSWORD',
    what: 'Redis wants a password.',
    remedy: 'Set store.redis.password.',
  },
  {
    is: /^NOPERM|^ERR The user executing the script can't run/,
    code: 'STORE_PERMISSION',
    what: 'The Redis user may not do what the store needs: {text}.',
    remedy: 'Give it the rights that store/redis/README.md lists, with ACL SETUSER.',
  },
  {
    is: /^OOM /,
    code: 'STORE_FULL',
    what: 'Redis has no memory left (maxmemory).',
    remedy: 'Give it more; the store goes on by itself.',
  },
  {
    is: /^MISCONF /,
    code: 'STORE_FULL',
    what: 'Redis cannot write its files and takes nothing more.',
    remedy: 'Look at its disk and its log; the store goes on by itself.',
  },
  {
    is: /^READONLY /,
    code: 'STORE_REPLICA',
    what: 'The Redis server is a replica and cannot be written to.',
    remedy: 'Name the master in store.redis.server, or use store.redis.sentinels, which find it.',
  },
  {
    is: /^LOADING /,
    code: 'STORE_LOADING',
    what: 'Redis is still reading its files.',
    remedy: 'Wait; the store goes on by itself.',
  },
  {
    is: /^ERR This instance has cluster support disabled|cluster support disabled/,
    code: 'STORE_NOT_A_CLUSTER',
    what: 'The Redis server is none of a cluster.',
    remedy: 'Name it in store.redis.server instead of store.redis.cluster.',
  },
  {
    is: /^(MOVED|CROSSSLOT|ERR SELECT is not allowed in cluster mode)/,
    code: 'STORE_IS_A_CLUSTER',
    what: 'The Redis server belongs to a cluster.',
    remedy: 'Name its servers in store.redis.cluster instead of store.redis.server.',
  },
  {
    is: /^CLUSTERDOWN/,
    code: 'STORE_CLUSTER_DOWN',
    what: 'A part of the Redis cluster has no master.',
    remedy: 'Look at its servers with: redis-cli cluster info',
  },
  {
    is: /All sentinels are unreachable/,
    code: 'STORE_UNREACHABLE',
    what: 'No Sentinel names a master: {text}.',
    remedy: 'Look at store.redis.sentinels, master and sentinelPassword.',
  },
  {
    is: /^ERR unknown command/i,
    code: 'STORE_COMMAND_MISSING',
    what: 'Redis lacks a command: {text}.',
    remedy: 'Use Redis 6.2 or newer, without renamed commands.',
  },
  {
    is: /certificate|self-signed|altnames|wrong version number|SSL routines|the TLS handshake/i,
    code: 'STORE_TLS',
    what: 'No TLS connection to Redis: {text}.',
    remedy: 'Look at store.redis.tls: authority, serverName, and whether Redis speaks TLS at that port.',
  },
];

/** What keeps a connection from being made or used. */
const UNREACHABLE =
  /ECONN|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOENT|EACCES|EPIPE|closed|timed? ?out|refresh slots|offline queue|Stream isn't writeable|max retries/i;

/** Says in one sentence what is wrong with Redis and what to do. An error of our own passes unchanged. */
export function redisFault(error: unknown): unknown {
  if (error instanceof OperatorError || !isError(error)) return error;
  const failed = causeOf(error);
  const text = textOf(failed);
  // ioredis hangs the command on it, with everything that was to be written.
  const cause = 'command' in failed ? new Error(text) : failed;
  const known = KNOWN.find(({ is }) => is.test(text));
  if (known !== undefined) {
    return new OperatorError(known.code, known.what.replace('{text}', short(text)), known.remedy, { cause });
  }
  if (!UNREACHABLE.test(`${errnoOf(failed) ?? ''} ${text}`)) return cause;
  return new OperatorError(
    'STORE_UNREACHABLE',
    `Redis does not answer: ${errnoOf(failed) ?? short(text)}.`,
    'Look whether it runs, and at store.redis; the store goes on by itself when it answers again.',
    { cause },
  );
}

/** Whether Redis took longer than a command may take. What was asked may be done all the same. */
export function isSilence(error: unknown): boolean {
  const cause = error instanceof OperatorError ? error.cause : error;
  return isError(cause) && textOf(causeOf(cause)) === 'Command timed out';
}

/** ioredis wraps what a server of a cluster said. */
function causeOf(error: object): object {
  if ('lastNodeError' in error && isError(error.lastNodeError)) return error.lastNodeError;
  if ('previousErrors' in error && Array.isArray(error.previousErrors)) {
    const last: unknown = error.previousErrors.findLast(isError);
    if (isError(last)) return last;
  }
  return error;
}

function textOf(error: unknown): string {
  return isError(error) ? error.message : '';
}

/** Errors of Node.js itself are of another make than ours where code runs in a context of its own. */
function isError(error: unknown): error is { readonly message: string } {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}

/** One line without a full stop at its end, and none of what was sent. */
function short(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replace(/,? with args beginning.*$/, '')
    .replace(/\.$/, '')
    .slice(0, 160);
}
