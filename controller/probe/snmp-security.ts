import type { IgnoredReason, MissReason } from '../../core/reasons';
import type { Question } from './snmp-ber';
import type { Pdu } from './snmp-reader';

/** What a datagram turned out to be. */
export type Opened =
  | { readonly kind: 'response'; readonly pdu: Pdu }
  /** It is not believed. `hint`: what it says may be why nothing better comes. */
  | { readonly kind: 'ignored'; readonly reason: IgnoredReason; readonly hint?: MissReason }
  /** The agent first had to tell something of itself; ask once more now. */
  | { readonly kind: 'again' };

/** How messages to one agent are sealed and opened: by community, or by the keys of a user. */
export interface Security {
  /** SNMPv1 knows neither GETBULK nor values that say "there is none". */
  readonly hasBulk: boolean;
  /** @param id  of this request, new for each; retransmissions keep it */
  seal(question: Question, id: number): Buffer;
  open(datagram: Buffer, id: number): Opened;
}
