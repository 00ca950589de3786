import { createSession, isVarbindError, type Session, type Varbind, Version2c } from 'net-snmp';
import { errnoOf } from '../../core/errors';
import type { MissReason } from '../../core/reasons';
import type { Oid } from '../profiles/profile';
import type { HostAddress } from './resolver';
import type { Endpoint } from './snmp-transport';

/** Why a request got no usable answer. */
export class SnmpFault extends Error {
  readonly reason: MissReason;

  constructor(reason: MissReason, cause?: unknown) {
    super(reason, { cause });
    this.name = 'SnmpFault';
    this.reason = reason;
  }
}

/** Rows of one table column by index: the part of the OID behind the column. */
export type Column = ReadonlyMap<string, Varbind>;

/** Rows of one GETBULK. With four columns the answer stays below 1,500 octets, so no IP fragments. */
const ROWS_PER_REQUEST = 12;
/** More rows than an access point has interfaces; a device that sends more is cut off. */
const MAX_ROWS = 128;
const MAX_REQUESTS = 64;

/** One SNMP v2c conversation with an agent: net-snmp made to answer in promises and to end every walk. */
export class SnmpSession {
  readonly #session: Session;
  readonly #endpoint: Endpoint;
  #fail: (fault: SnmpFault) => void = () => {};

  /** @param firstTimeoutMs  the wait for the first answer; the second and last wait is twice as long */
  constructor(host: HostAddress, port: number, community: string, endpoint: Endpoint, firstTimeoutMs: number) {
    this.#endpoint = endpoint;
    this.#session = createSession(host.address, community, {
      version: Version2c,
      transport: host.family === 6 ? 'udp6' : 'udp4',
      port,
      timeout: firstTimeoutMs,
      retries: 1,
      backoff: 2,
      backwardsGetNexts: false,
      reportOidMismatchErrors: true,
      dgramModule: { createSocket: () => endpoint },
    });
    // Without a listener the first datagram that net-snmp cannot decode would end the process.
    this.#session.on('error', () => endpoint.ignore('malformed'));
    endpoint.onFault = () => this.#fail(new SnmpFault('malformed'));
  }

  /**
   * The values of these objects, in this order; an object the agent does not have is noSuchObject or noSuchInstance.
   * @throws SnmpFault
   */
  get(oids: readonly Oid[]): Promise<readonly Varbind[]> {
    return this.#request((answer) => {
      this.#session.get([...oids], answer);
    });
  }

  /**
   * Walks columns of a table side by side (GETBULK). It ends after a limited number of rows and requests, and at an
   * agent that does not advance.
   * @throws SnmpFault
   */
  async walk(columns: readonly Oid[]): Promise<ReadonlyMap<Oid, Column>> {
    const walks = columns.map((column) => new ColumnWalk(column));
    for (let requests = 0; requests < MAX_REQUESTS; requests++) {
      const open = walks.filter((walk) => !walk.done);
      if (open.length === 0) break;
      const rows = await this.#getBulk(open.map((walk) => walk.cursor));
      const taken = open.map((walk, i) => walk.take(rows[i] ?? []));
      if (!taken.includes(true)) break;
    }
    return new Map(walks.map((walk) => [walk.column, walk.rows]));
  }

  /** Ends what is under way; its promise rejects. */
  close(): void {
    this.#session.close();
  }

  async #getBulk(cursors: readonly Oid[]): Promise<readonly (readonly Varbind[])[]> {
    const columns = await this.#request<(Varbind | Varbind[])[]>((answer) => {
      this.#session.getBulk([...cursors], 0, ROWS_PER_REQUEST, answer);
    });
    return columns.map((column) => (Array.isArray(column) ? column : [column]));
  }

  #request<T>(ask: (answer: (error: Error | null, value?: T) => void) => void): Promise<T> {
    const ignoredBefore = this.#endpoint.ignored;
    return new Promise<T>((resolve, reject) => {
      this.#fail = reject;
      ask((error, value) => {
        if (error === null && value !== undefined) resolve(value);
        else reject(faultOf(error, this.#endpoint.ignored > ignoredBefore));
      });
    });
  }
}

/** The way down one column of a table. */
class ColumnWalk {
  readonly column: Oid;
  readonly rows = new Map<string, Varbind>();
  cursor: Oid;
  done = false;

  constructor(column: Oid) {
    this.column = column;
    this.cursor = column;
  }

  /** Takes the next rows; false if they brought nothing new. */
  take(varbinds: readonly Varbind[]): boolean {
    for (const varbind of varbinds) {
      if (isVarbindError(varbind) || !varbind.oid.startsWith(`${this.column}.`)) this.done = true;
      // RFC 3416 4.2.3: each row follows the one before. An agent that breaks this would be walked for ever.
      else if (!follows(varbind.oid, this.cursor)) throw new SnmpFault('malformed');
      else {
        this.rows.set(varbind.oid.slice(this.column.length + 1), varbind);
        this.cursor = varbind.oid;
        this.done = this.rows.size >= MAX_ROWS;
      }
      if (this.done) break;
    }
    return varbinds.length > 0;
  }
}

/** Whether an OID comes after another in the order of the tree. */
function follows(oid: Oid, before: Oid): boolean {
  const numbers = oid.split('.').map(Number);
  const others = before.split('.').map(Number);
  for (const [i, number] of numbers.entries()) {
    const other = others[i];
    if (other === undefined) return true;
    if (number !== other) return number > other;
  }
  return false;
}

function faultOf(error: Error | null, sawUnreadable: boolean): SnmpFault {
  switch (error?.name) {
    case 'RequestTimedOutError':
      return new SnmpFault(sawUnreadable ? 'malformed' : 'timeout', error);
    case 'RequestFailedError':
      return new SnmpFault('error', error);
    case 'ResponseInvalidError':
      return new SnmpFault('malformed', error);
    default:
      // Sending failed (ENETUNREACH ...), or the session was closed because time was up.
      return new SnmpFault(errnoOf(error) === undefined ? 'timeout' : 'unreachable', error);
  }
}
