import type { GatewayId } from '../../core/ids';
import { named, type Segment, type Session, type Usage } from '../../core/session';
import type { Millis } from '../../core/time';
import { FieldReader, FieldWriter } from './fields';

/** A session as it lies in the store. It is written with each report, so it is kept short. */
export interface SessionRecord extends Session {
  /** When the last packet of a session that is over came, or when we closed it. Missing while it runs. */
  readonly endedAt?: Millis;
}

/** The gateway, an octet zero, the id as the gateway writes it: those of a gateway lie together. */
export type SessionKey = Buffer;

export function sessionKey(gateway: GatewayId, sessionId: string): SessionKey {
  return Buffer.from(`${gateway}\0${sessionId}`);
}

/** The keys of all sessions of a gateway; the word of the configuration holds no octet zero. */
export function sessionKeysOf(gateway: GatewayId): { readonly start: SessionKey; readonly end: SessionKey } {
  return { start: Buffer.from(`${gateway}\0`), end: Buffer.from(`${gateway}\x01`) };
}

/** Fields that not every session has, one bit each. */
const HAS = { grantId: 1, username: 2, endedAt: 4, earlier: 8 } as const;
/** Stands for the Stop that a segment does not have. */
const NONE = Number.NaN;
const NOTHING: Usage = { seconds: 0, downloadOctets: 0, uploadOctets: 0 };

export const sessionCodec = {
  encode(session: SessionRecord): Buffer {
    const { grantId, username, endedAt, earlier, segments } = session;
    const hasEarlier = earlier.seconds + earlier.downloadOctets + earlier.uploadOctets > 0;
    const writer = new FieldWriter()
      .octet(
        (grantId === undefined ? 0 : HAS.grantId) |
          (username === undefined ? 0 : HAS.username) |
          (endedAt === undefined ? 0 : HAS.endedAt) |
          (hasEarlier ? HAS.earlier : 0),
      )
      .text(session.gateway)
      .text(session.site)
      .text(session.sessionId)
      .number(session.lastSeenAt);
    if (grantId !== undefined) writer.text(grantId);
    if (username !== undefined) writer.text(username);
    if (endedAt !== undefined) writer.number(endedAt);
    if (hasEarlier) writeUsage(writer, earlier);
    writer.octet(segments.length);
    for (const segment of segments) {
      writer.number(segment.start).number(segment.lastAt);
      writeUsage(writer.number(segment.stoppedAt ?? NONE), segment);
    }
    return writer.end();
  },

  decode(octets: Buffer): SessionRecord {
    const reader = new FieldReader(octets);
    const has = reader.octet();
    const gateway = reader.text();
    const site = reader.text();
    const sessionId = reader.text();
    const lastSeenAt = reader.number();
    const grantId = (has & HAS.grantId) === 0 ? undefined : reader.text();
    const username = (has & HAS.username) === 0 ? undefined : reader.text();
    const endedAt = (has & HAS.endedAt) === 0 ? undefined : reader.number();
    const earlier = (has & HAS.earlier) === 0 ? NOTHING : readUsage(reader);
    const segments: Segment[] = [];
    for (let left = reader.octet(); left > 0; left--) segments.push(readSegment(reader));
    const session = named(grantId, username, { gateway, site, sessionId, lastSeenAt, segments, earlier });
    return endedAt === undefined ? session : { endedAt, ...session };
  },
};

function writeUsage(writer: FieldWriter, usage: Usage): void {
  writer.number(usage.seconds).number(usage.downloadOctets).number(usage.uploadOctets);
}

function readUsage(reader: FieldReader): Usage {
  return { seconds: reader.number(), downloadOctets: reader.number(), uploadOctets: reader.number() };
}

function readSegment(reader: FieldReader): Segment {
  const start = reader.number();
  const lastAt = reader.number();
  const stoppedAt = reader.number();
  const seconds = reader.number();
  const downloadOctets = reader.number();
  const uploadOctets = reader.number();
  const segment = { start, lastAt, seconds, downloadOctets, uploadOctets };
  return Number.isNaN(stoppedAt) ? segment : { stoppedAt, ...segment };
}
