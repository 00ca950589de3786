import { CODE } from '../wire/packet';
import type { Handler } from './handler';

/** Answers "are you there?" on the authentication port [RFC 5997 3]. */
export const authenticationStatus: Handler = () => ({ code: CODE.accessAccept, attributes: [] });

/** The same on the accounting port. */
export const accountingStatus: Handler = () => ({ code: CODE.accountingResponse, attributes: [] });
