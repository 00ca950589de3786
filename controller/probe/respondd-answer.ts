import { constants, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { errnoOf } from '../../core/errors';
import type { IgnoredReason } from '../../core/reasons';
import type { InterfaceCounters, Sample } from './probe';

/** The question of a poll. Neighbours are asked for because nodes answer such a question deflated, and in one datagram. */
export const QUESTION = Buffer.from('GET nodeinfo statistics neighbours');

/** Nodes of the largest meshes send 4 to 8 KiB. */
const MAX_DATAGRAM_OCTETS = 16_384;
/** What an answer may unpack to: a datagram of 8 KiB can hold 8 MB of one letter. */
const MAX_UNPACKED_OCTETS = 65_536;
const OPENING_BRACE = 0x7b;
const KIBIBYTE = 1024;
const TEXT_LENGTH = 64;

export type Answer =
  | { readonly ok: true; readonly nodeId: string; readonly sample: Sample }
  | { readonly ok: false; readonly reason: IgnoredReason };

/** What a node writes in a wrong form is absent; the rest of its answer still counts. */
const number = z.number().nonnegative().optional().catch(undefined);
const text = z.string().optional().catch(undefined);
const nodeId = z
  .string()
  .regex(/^[0-9a-f]{12}$/)
  .optional();
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).optional().catch(undefined);

/** Only these keys are read. `owner.contact`, positions and the addresses of neighbours are dropped here unseen. */
const answer = z.object({
  nodeinfo: z
    .object({
      node_id: nodeId,
      hardware: section({ model: text }),
      software: section({ firmware: section({ base: text, release: text }) }),
    })
    .optional(),
  statistics: z
    .object({
      node_id: nodeId,
      uptime: number,
      loadavg: number,
      memory: section({ total: number, free: number, available: number, buffers: number, cached: number }),
      clients: section({ total: number, wifi: number }),
      traffic: section({ rx: section({ bytes: number }), tx: section({ bytes: number }) }),
    })
    .optional(),
  neighbours: z.object({ node_id: nodeId }).optional(),
});
type Said = z.output<typeof answer>;
type Statistics = NonNullable<Said['statistics']>;

/**
 * Reads the answer of a respondd: JSON, plain or in raw deflate. Packets made by Yanic's library end at a sync flush, so
 * the end of the stream proves nothing; a packet that was cut fails as JSON.
 */
export function readAnswer(datagram: Buffer): Answer {
  if (datagram.length > MAX_DATAGRAM_OCTETS) return { ok: false, reason: 'too-long' };
  const unpacked = datagram[0] === OPENING_BRACE ? { json: datagram } : unpack(datagram);
  if (unpacked.json === undefined) return { ok: false, reason: unpacked.reason };
  const said = answer.safeParse(parse(unpacked.json));
  if (!said.success) return { ok: false, reason: 'malformed' };
  const { nodeinfo, statistics, neighbours } = said.data;
  const ids = new Set([nodeinfo, statistics, neighbours].flatMap((part) => part?.node_id ?? []));
  const [nodeId] = ids;
  // One that names itself twice differently, or not at all, cannot be told from another.
  if (nodeId === undefined || ids.size > 1) return { ok: false, reason: 'malformed' };
  return { ok: true, nodeId, sample: toSample(said.data) };
}

function unpack(datagram: Buffer): { json: Buffer } | { json: undefined; reason: IgnoredReason } {
  try {
    const limits = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_UNPACKED_OCTETS };
    return { json: inflateRawSync(datagram, limits) };
  } catch (error) {
    return { json: undefined, reason: errnoOf(error) === 'ERR_BUFFER_TOO_LARGE' ? 'too-long' : 'malformed' };
  }
}

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

function toSample({ nodeinfo, statistics = {} }: Said): Sample {
  const { uptime, loadavg, clients } = statistics;
  const memory = memoryOf(statistics);
  const devices = clients?.wifi ?? clients?.total;
  return {
    description: describe(nodeinfo),
    ...(uptime !== undefined && { uptime: { seconds: uptime, source: 'host' } }),
    ...(loadavg !== undefined && { load1: loadavg }),
    ...(memory !== undefined && { memory }),
    ...(devices !== undefined && { clients: Math.round(devices) }),
    interfaces: interfacesOf(statistics),
  };
}

/** `Gluon 2023.2.3 (v2.4.1), TP-Link Archer C7 v2`, as far as the node says. */
function describe(nodeinfo: Said['nodeinfo']): string {
  const { base, release } = nodeinfo?.software?.firmware ?? {};
  const firmware = base === undefined ? release : release === undefined ? base : `${base} (${release})`;
  return [firmware, nodeinfo?.hardware?.model].flatMap((part) => (part ? printable(part) : [])).join(', ');
}

function printable(given: string): string {
  return given.replaceAll(/[^\x20-\x7e]/g, '').slice(0, TEXT_LENGTH);
}

/** Older nodes do not say what is available; there, buffers and cache are what the system would give back. */
function memoryOf({ memory }: Statistics): Sample['memory'] {
  const { total, free, available, buffers = 0, cached = 0 } = memory ?? {};
  const usable = available ?? (free === undefined ? undefined : free + buffers + cached);
  if (!total || usable === undefined) return undefined;
  return { totalBytes: total * KIBIBYTE, availableBytes: Math.min(usable, total) * KIBIBYTE };
}

/** `traffic` is what batman-adv counts on its interface bat0. */
function interfacesOf({ traffic }: Statistics): ReadonlyMap<string, InterfaceCounters> {
  const receiveOctets = traffic?.rx?.bytes;
  const transmitOctets = traffic?.tx?.bytes;
  if (receiveOctets === undefined || transmitOctets === undefined) return new Map();
  return new Map([['bat0', { receiveOctets, transmitOctets, up: true }]]);
}
