import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createAgent, MaxAccess, MibProviderType, ObjectType } from 'net-snmp';
import { listenError } from '../runtime/listen';
import type { DeviceReading } from './device';

/** The parts of net-snmp's agent that we use; the library does not describe their types. */
interface Agent {
  getAuthorizer(): { addCommunity(community: string): void };
  getMib(): Mib;
  registerProviders(providers: readonly object[]): void;
  close(): void;
}

interface Mib {
  setScalarValue(provider: string, value: Value): void;
  addTableRow(table: string, row: readonly Value[]): void;
  setTableSingleCell(table: string, column: number, row: readonly Value[], value: Value): void;
}

type Value = string | number | Buffer;

const TICKS_PER_SECOND = 100;
const TICKS_WRAP = 2 ** 32;
const readOnly = { maxAccess: MaxAccess['read-only'] };
const IF_UP = 1;
const IF_DOWN = 2;

function scalar(name: string, oid: string, scalarType: ObjectType): object {
  return { name, type: MibProviderType.Scalar, oid, scalarType, ...readOnly };
}

function column(number: number, name: string, type: ObjectType): object {
  return { number, name, type, ...readOnly };
}

/** The index comes first in each row and is not itself an object. */
function table(name: string, oid: string, indexType: ObjectType, columns: readonly object[]): object {
  const index = { number: 200, name: `${name}Index`, type: indexType, maxAccess: MaxAccess['not-accessible'] };
  return {
    name,
    type: MibProviderType.Table,
    oid,
    tableColumns: [index, ...columns],
    tableIndex: [{ columnName: index.name }],
  };
}

const providers = (): readonly object[] => [
  scalar('sysDescr', '1.3.6.1.2.1.1.1', ObjectType.OctetString),
  scalar('sysUpTime', '1.3.6.1.2.1.1.3', ObjectType.TimeTicks),
  scalar('hrSystemUptime', '1.3.6.1.2.1.25.1.1', ObjectType.TimeTicks),
  scalar('memTotalReal', '1.3.6.1.4.1.2021.4.5', ObjectType.Integer),
  scalar('memAvailReal', '1.3.6.1.4.1.2021.4.6', ObjectType.Integer),
  table('laEntry', '1.3.6.1.4.1.2021.10.1', ObjectType.Integer, [column(5, 'laLoadInt', ObjectType.Integer)]),
  table('nsExtendOutput1Entry', '1.3.6.1.4.1.8072.1.3.2.3.1', ObjectType.OctetString, [
    column(1, 'nsExtendOutput1Line', ObjectType.OctetString),
  ]),
  table('ifEntry', '1.3.6.1.2.1.2.2.1', ObjectType.Integer, [column(8, 'ifOperStatus', ObjectType.Integer)]),
  table('ifXEntry', '1.3.6.1.2.1.31.1.1.1', ObjectType.Integer, [
    column(1, 'ifName', ObjectType.OctetString),
    column(6, 'ifHCInOctets', ObjectType.Counter64),
    column(10, 'ifHCOutOctets', ObjectType.Counter64),
  ]),
];

/**
 * Serves what `read` says over SNMP v2c until `close` is called.
 * @param setting  where the port is set, for the remedy
 * @throws OperatorError LISTEN_FAILED
 */
export async function serveSnmp(
  { host, port, community }: { host: string; port: number; community: string },
  setting: string,
  read: () => DeviceReading,
): Promise<{ close(): void }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const listening = once(socket, 'listening');
  // This listener stands before that of the agent, so each request finds fresh values.
  socket.on('message', () => refresh(mib, read()));
  const agent: Agent = createAgent(
    { address: host, port, dgramModule: { createSocket: (): Socket => socket } },
    () => {},
  );
  agent.getAuthorizer().addCommunity(community);
  agent.registerProviders(providers());
  const mib = agent.getMib();
  fill(mib, read());
  try {
    await listening;
  } catch (error) {
    throw listenError(error, `${host}:${port}`, 'a simulated access point', setting);
  }
  return agent;
}

/** Makes the rows of the tables. */
function fill(mib: Mib, { interfaces }: DeviceReading): void {
  mib.addTableRow('laEntry', [1, 0]);
  mib.addTableRow('nsExtendOutput1Entry', ['clients-wlan', '0']);
  for (const [i, { name }] of interfaces.entries()) {
    mib.addTableRow('ifEntry', [i + 1, IF_DOWN]);
    mib.addTableRow('ifXEntry', [i + 1, name, counter64(0), counter64(0)]);
  }
}

function refresh(mib: Mib, reading: DeviceReading): void {
  mib.setScalarValue('sysDescr', reading.description);
  mib.setScalarValue('sysUpTime', ticks(reading.agentUptimeSeconds));
  mib.setScalarValue('hrSystemUptime', ticks(reading.hostUptimeSeconds));
  mib.setScalarValue('memTotalReal', reading.memoryTotalKibibytes);
  mib.setScalarValue('memAvailReal', reading.memoryAvailableKibibytes);
  mib.setTableSingleCell('laEntry', 5, [1], Math.round(reading.load1 * 100));
  mib.setTableSingleCell('nsExtendOutput1Entry', 1, ['clients-wlan'], String(reading.clients));
  for (const [i, { up, receiveOctets, transmitOctets }] of reading.interfaces.entries()) {
    mib.setTableSingleCell('ifEntry', 8, [i + 1], up ? IF_UP : IF_DOWN);
    mib.setTableSingleCell('ifXEntry', 6, [i + 1], counter64(receiveOctets));
    mib.setTableSingleCell('ifXEntry', 10, [i + 1], counter64(transmitOctets));
  }
}

function ticks(seconds: number): number {
  return Math.floor(seconds * TICKS_PER_SECOND) % TICKS_WRAP;
}

/** Counts here stay below 2^53, so the first octet is zero and the number never reads as negative. */
function counter64(count: number): Buffer {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64BE(BigInt(count));
  return octets;
}
