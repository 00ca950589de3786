import { SECOND } from '../../core/time';
import type { Random } from '../../runtime/random';
import { Shared } from '../../runtime/shared';
import { type BindingList, bindingList, type Oid, oidBytes, PDU, type Question } from './snmp-ber';
import { type Binding, oidText, type Pdu, type SnmpValue, subIdentifiers } from './snmp-reader';
import type { Security } from './snmp-security';
import { type Line, SnmpFault } from './snmp-transport';

/** Rows of one table column by index: the part of the OID behind the column. */
export type Column = ReadonlyMap<string, SnmpValue>;

/** What a GET asks for, made once and asked in every poll. */
export interface Get {
  readonly oids: readonly Oid[];
  readonly question: Question;
}

/** The start of a walk down columns of a table side by side. */
export interface Walk {
  readonly columns: readonly Oid[];
  readonly names: readonly Buffer[];
  readonly first: Question;
  /** To ask for at once if there are more than were expected. */
  readonly rows: number;
}

/** An object that is there. */
export interface Found {
  readonly oid: Oid;
  readonly value: SnmpValue;
}

/** Bindings of one GETBULK: the answer stays below 1,500 octets, so no IP fragments. */
const BINDINGS_PER_REQUEST = 48;
/** More rows than an access point has interfaces; a device that sends more is cut off. */
const MAX_ROWS = 128;
const MAX_REQUESTS = 64;
const TOO_BIG = 1;
const NO_SUCH_NAME = 2;

/** Thousands of devices of one kind are asked the same. */
const gets = new Shared<Get>();
const walks = new Shared<Walk>();

export function getOf(oids: readonly Oid[]): Get {
  return gets.of(oids.join(' '), () => ({
    oids,
    question: { type: PDU.get, list: bindingList(oids.map(oidBytes)), repetitions: 0 },
  }));
}

/** @param expected  how many rows to ask for first, if it is known how many there are */
export function walkOf(columns: readonly Oid[], expected = Number.POSITIVE_INFINITY): Walk {
  const rows = Math.max(1, Math.floor(BINDINGS_PER_REQUEST / columns.length));
  const repetitions = Math.min(expected, rows);
  return walks.of(`${repetitions} ${columns.join(' ')}`, () => {
    const names = columns.map(oidBytes);
    return { columns, names, rows, first: { type: PDU.getBulk, list: bindingList(names), repetitions } };
  });
}

/** One conversation with an agent: questions, checked answers, and walks that always end. */
export class SnmpSession {
  readonly #line: Line;
  readonly #security: Security;
  readonly #random: Random;
  readonly #waits: readonly number[];

  /** @param firstTimeoutMs  the wait for the first answer; the second is twice and the third and last three times as long */
  constructor(line: Line, security: Security, random: Random, firstTimeoutMs = SECOND) {
    this.#line = line;
    this.#security = security;
    this.#random = random;
    this.#waits = [1, 2, 3].map((times) => times * firstTimeoutMs);
  }

  /**
   * The values of these objects, in this order; null where the agent has none.
   * @throws SnmpFault
   */
  async get({ oids, question }: Get): Promise<readonly SnmpValue[]> {
    if (oids.length === 0) return [];
    const pdu = await this.#ask(question);
    if (pdu.errorStatus === NO_SUCH_NAME && !this.#security.hasBulk) return this.#getWithout(oids, pdu.errorIndex - 1);
    if (pdu.errorStatus === TOO_BIG && oids.length > 1) return this.#getHalves(oids);
    if (pdu.errorStatus !== 0) throw new SnmpFault('error');
    checkNames(pdu.bindings, question.list);
    return pdu.bindings.map(({ value }) => value);
  }

  /**
   * Walks columns side by side. It ends after a limited number of rows and requests, and at an agent that does not advance.
   * @throws SnmpFault
   */
  async walk({ columns, names, first, rows }: Walk): Promise<ReadonlyMap<Oid, Column>> {
    const walks = columns.map((column, i) => new ColumnWalk(column, names[i] ?? Buffer.alloc(0)));
    for (let requests = 0; requests < MAX_REQUESTS; requests++) {
      const open = walks.filter((walk) => !walk.done);
      if (open.length === 0) break;
      const isFirst = requests === 0 && this.#security.hasBulk;
      const list = isFirst ? first.list : bindingList(open.map(({ cursor }) => cursor));
      if (!(await this.#step(open, isFirst ? first : this.#next(list, rows)))) break;
    }
    return new Map(walks.map((walk) => [walk.column, walk.rows]));
  }

  /**
   * Which of these branches of the tree hold anything: for each its first object, undefined if there is none.
   * @throws SnmpFault
   */
  async firstOf(branches: readonly Oid[]): Promise<readonly (Found | undefined)[]> {
    const names = branches.map(oidBytes);
    const pdu = await this.#ask({ type: PDU.getNext, list: bindingList(names), repetitions: 0 });
    if (pdu.errorStatus === NO_SUCH_NAME && !this.#security.hasBulk && branches.length > 1) {
      const found: (Found | undefined)[] = [];
      for (const branch of branches) found.push(...(await this.firstOf([branch])));
      return found;
    }
    if (pdu.errorStatus !== 0) return branches.map(() => undefined);
    if (pdu.bindings.length !== branches.length) throw new SnmpFault('malformed');
    return pdu.bindings.map(({ name, value }, i) =>
      value !== null && isUnder(name, names[i]) ? { oid: oidText(name), value } : undefined,
    );
  }

  /** SNMPv1 refuses the whole request for one object it does not have, and says which. */
  async #getWithout(oids: readonly Oid[], missing: number): Promise<readonly SnmpValue[]> {
    if (oids[missing] === undefined) throw new SnmpFault('malformed');
    const values = [...(await this.get(getOf(oids.toSpliced(missing, 1))))];
    values.splice(missing, 0, null);
    return values;
  }

  async #getHalves(oids: readonly Oid[]): Promise<readonly SnmpValue[]> {
    const middle = oids.length >> 1;
    const first = await this.get(getOf(oids.slice(0, middle)));
    return [...first, ...(await this.get(getOf(oids.slice(middle))))];
  }

  #next(list: BindingList, rows: number): Question {
    return this.#security.hasBulk
      ? { type: PDU.getBulk, list, repetitions: rows }
      : { type: PDU.getNext, list, repetitions: 0 };
  }

  /** Takes the next rows of the open columns; false if they brought nothing. */
  async #step(open: readonly ColumnWalk[], question: Question): Promise<boolean> {
    const { errorStatus, errorIndex, bindings } = await this.#ask(question);
    if (errorStatus === NO_SUCH_NAME && !this.#security.hasBulk) {
      const ended = open[errorIndex - 1];
      if (ended === undefined) throw new SnmpFault('malformed');
      ended.done = true;
      return true;
    }
    if (errorStatus !== 0) throw new SnmpFault('error');
    if (bindings.length > open.length * Math.max(1, question.repetitions)) throw new SnmpFault('malformed');
    // Row by row: the columns take turns.
    for (const [i, binding] of bindings.entries()) open[i % open.length]?.take(binding);
    return bindings.length > 0;
  }

  #ask(question: Question): Promise<Pdu> {
    const id = (this.#random.bytes(4).readUInt32BE() & 0x7fff_ffff) | 0x0100_0000;
    return this.#line.ask({
      message: () => this.#security.seal(question, id),
      open: (datagram) => this.#security.open(datagram, id),
      waits: this.#waits,
    });
  }
}

function checkNames(bindings: readonly Binding[], { names }: BindingList): void {
  const same = bindings.length === names.length && bindings.every(({ name }, i) => names[i]?.equals(name));
  if (!same) throw new SnmpFault('malformed');
}

function isUnder(name: Buffer, branch: Buffer | undefined): boolean {
  return branch !== undefined && name.length > branch.length && name.subarray(0, branch.length).equals(branch);
}

/** The way down one column of a table. */
class ColumnWalk {
  readonly column: Oid;
  readonly rows = new Map<string, SnmpValue>();
  readonly #name: Buffer;
  cursor: Buffer;
  #index: readonly number[] = [];
  done = false;

  constructor(column: Oid, name: Buffer) {
    this.column = column;
    this.#name = name;
    this.cursor = name;
  }

  take({ name, value }: Binding): void {
    if (this.done) return;
    if (value === null || !isUnder(name, this.#name)) {
      this.done = true;
      return;
    }
    const index = subIdentifiers(name.subarray(this.#name.length));
    // RFC 3416 4.2.3: each row follows the one before. An agent that breaks this would be walked for ever.
    if (!follows(index, this.#index)) throw new SnmpFault('malformed');
    this.rows.set(index.join('.'), value);
    this.#index = index;
    this.cursor = name;
    this.done = this.rows.size >= MAX_ROWS;
  }
}

/** Whether an index comes after another in the order of the tree. */
function follows(index: readonly number[], before: readonly number[]): boolean {
  for (const [i, number] of index.entries()) {
    const other = before[i];
    if (other === undefined) return true;
    if (number !== other) return number > other;
  }
  return false;
}
