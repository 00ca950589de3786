import type { DropReason, RejectReason } from '../../core/reasons';
import type { Millis } from '../../core/time';
import type { Soon } from '../../runtime/soon';
import type { Nas } from '../nas';
import type { Attribute } from '../wire/attributes';
import type { CODE, Packet } from '../wire/packet';

/** A verified request. */
export interface Request {
  readonly packet: Packet;
  readonly nas: Nas;
  readonly receivedAt: Millis;
}

export type ReplyCode = typeof CODE.accessAccept | typeof CODE.accessReject | typeof CODE.accountingResponse;

/** What becomes of a request: an answer, still to be sealed, or none for a reason. */
export type Outcome =
  | {
      readonly code: ReplyCode;
      readonly attributes: readonly Attribute[];
      /** Why the answer is a reject. */
      readonly rejected?: RejectReason;
    }
  | { readonly dropped: DropReason };

/** Answers one type of packet. It may fail with the store; then there is no answer. */
export type Handler = (request: Request) => Soon<Outcome>;
