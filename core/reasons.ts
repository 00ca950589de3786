/**
 * Every outcome that is expected has a reason from one of these lists. The key is the metric label and the log's
 * `reason`; the sentence is what the documents and the operator read.
 */

/** Why a device may not go online (Access-Reject, or the portal's refusal). */
export const REJECT = {
  'credential-unknown': 'the user name was never issued here, or it expired',
  'credential-used': 'the credential was redeemed before; each works once',
  'credential-other-gateway': 'the credential was issued for another gateway',
  'credential-other-device': 'the credential was issued for another device',
  'password-wrong': 'the password does not match the user name',
  'password-missing': 'the request carries neither User-Password nor CHAP-Password',
  'eap-not-offered': 'the device asks by 802.1X (EAP), which is not offered here',
  'device-missing': 'Calling-Station-Id is missing or is not a device address',
  'mac-authentication-off': 'the user name is a device address, and this gateway may not log in by addresses',
  'device-mismatch': 'the user name is another device address than Calling-Station-Id',
  'device-unknown': 'the device holds no grant at this site',
  'store-down': 'the store does not answer, and the site lets nobody in whom it cannot look up',
  'grant-expired': 'the time of this acceptance is over',
  'site-closed': 'the site is closed at this hour',
  exam: 'the school holds an exam and has switched its Wi-Fi off until then',
  'terms-changed': 'the terms have changed since this acceptance; the new ones have to be accepted',
  'octets-used-up': 'the volume that the site allows for one acceptance, or for a day, is used up',
  'time-used-up': 'the time that the site allows a device in a day is used up',
} as const;
export type RejectReason = keyof typeof REJECT;

/** Why a RADIUS packet gets no answer at all. */
export const DROP = {
  'unknown-nas': 'no configured gateway has this source address and NAS-Identifier',
  malformed: 'length, code or an attribute breaks RFC 2865',
  'bad-authenticator': 'the packet fails verification: the shared secret differs',
  'message-authenticator-missing': 'the request is not signed and this gateway must sign (BlastRADIUS)',
  'tls-failed': 'a RadSec connection failed: the certificate or pre-shared key is not one that is accepted here',
  'unknown-tls-identity': 'a RadSec connection shows a certificate of no configured gateway',
  'too-many-connections': 'a gateway, or all of them, keep too many RadSec connections open',
  'wrong-port': 'an authentication packet came to the accounting port, or the other way round',
  'unsupported-code': 'the packet type is none that this server answers',
  'duplicate-in-progress': 'the same request is being answered already',
  'store-failed': 'the store did not confirm the record; the gateway will send it again',
  incomplete: 'an accounting record lacks Acct-Session-Id or an Acct-Status-Type that is kept',
  overloaded: 'too many requests wait for the store; the gateway will send it again',
} as const;
export type DropReason = keyof typeof DROP;

/** Why the portal cannot make a visit out of a redirect. */
export const VISIT_REFUSED = {
  'unknown-gateway': 'the address names no configured gateway',
  'parameters-missing': 'the gateway left out a parameter that it always sends',
  'parameters-invalid': 'a parameter has a form that the gateway never sends',
  'signature-wrong': 'the redirect was changed on its way, or the shared secret differs',
  'gateway-address-wrong': 'the redirect names an address that is not configured for this gateway',
  'access-point-unknown': 'the redirect names an access point that is not listed for this gateway',
  'wrong-level': 'openNDS runs at another fas_secure_enabled level than is configured here',
  'device-unnamed': 'a question about a device is neither signed nor from where it may be asked unsigned',
  'visit-expired': 'the page was open for too long',
  'visit-used': 'the form was accepted before, and what it opened is in use, over, or two minutes old',
  'too-many-unconfirmed': 'too many grants for devices that nothing proves to be there',
  'visit-forged': 'the form was not made by this portal',
  'cross-site': 'the form was sent from another site',
} as const;
export type VisitRefusedReason = keyof typeof VISIT_REFUSED;

/** Why a controller of access points did not do what it was asked. */
export const CONTROLLER_FAILED = {
  unreachable: 'nothing answers at the address of the controller',
  certificate: 'the controller shows a certificate that is not vouched for, or of another name',
  timeout: 'the controller did not do it within three seconds',
  'login-refused': 'the controller refuses the key or the account',
  'site-unknown': 'the controller has no site of the configured name',
  refused: 'the controller refuses the request',
  unreadable: 'the controller answers with something else than its API does',
} as const;
export type ControllerFailedReason = keyof typeof CONTROLLER_FAILED;

/** Why a poll of an access point gave no sample. */
export const MISS = {
  timeout: 'no answer in time, after all retries',
  refused: 'the host answers, but nothing listens there for SNMP or respondd',
  malformed: 'the answer could not be read',
  error: 'the agent answered with an error',
  'access-refused': 'the agent does not accept the user or the passwords of SNMPv3',
  'member-unknown': 'the controller answers, but does not list this access point',
  'member-down': 'the controller answers, and says that this access point is down',
  unresolved: 'its name could not be resolved to an address',
  unreachable: 'this machine has no way to send to its address',
} as const;
export type MissReason = keyof typeof MISS;

/** Why a datagram that came to the controller is not read at all. */
export const IGNORED = {
  'unknown-source': 'no access point that was just asked has this source address and port',
  unasked: 'no request with its number is open: a late or second answer',
  'wrong-version': 'it has another version of SNMP than the request',
  'wrong-community': 'it carries another community than the request',
  'wrong-type': 'it is not a response',
  malformed: 'it breaks the encoding of RFC 3416, or a value is longer than its type; or it is no answer of a respondd',
  unauthentic: 'it is not signed and encrypted with the keys of the user (SNMPv3)',
  'out-of-time': 'it is rightly signed, but too old (SNMPv3)',
  'wrong-node': 'an answer by respondd names another node than the one that was asked',
  'too-long': 'an answer by respondd is longer than nodes send, or unpacks to more',
} as const;
export type IgnoredReason = keyof typeof IGNORED;

/** What became of an SNMP trap. */
export const TRAP = {
  taken: 'the access point is asked sooner',
  'too-many': 'the access point was asked on account of a trap only just now, or traps come too fast',
  other: 'it tells of something that says nothing about starts and interfaces, or wants an answer (inform)',
  refused: 'it carries another version, community or user than the access point is asked with, or is not signed by it',
  malformed: 'it breaks the encoding of RFC 3416 or RFC 3412',
  'unknown-source': 'no access point that is asked by SNMP has this address',
} as const;
export type TrapResult = keyof typeof TRAP;

/** How a gateway took the order to end a session or to change its limits (Disconnect- and CoA-Request, RFC 5176). */
export const ORDER = {
  done: 'the gateway did it',
  'session-unknown': 'the gateway does not know the session, or no longer',
  'attribute-refused': 'the gateway does not accept an attribute of the request, or misses one',
  'gateway-mismatch': 'the request reached another gateway than it names',
  unsupported: 'the gateway cannot do this',
  prohibited: 'the gateway is set up not to do this',
  busy: 'the gateway cannot do this now',
  'not-routable': 'a proxy on the way does not know the gateway',
  refused: 'the gateway refuses without saying why; CoovaChilli and uspot do so for sessions they do not know, too',
  'no-answer': 'the gateway did not answer, or not with the shared secret',
  unreachable: 'no address is known at which the gateway takes orders: set radius.dynamicAuthorization.address',
  'user-name-unknown': 'the gateway needs the user name of the session, which is none that we made',
} as const;
export type OrderResult = keyof typeof ORDER;
