import { createCipheriv, createHash } from 'node:crypto';
import type { Gateway, MikrotikGateway, OpenndsGateway, RadiusGateway, UamGateway } from '../../config/schema';
import { canBePlayed } from '../../config/synthetic-visitors';
import type { Random } from '../../runtime/random';
import type { VisitorLogin } from './radius';

/** A gateway as the portal and the RADIUS server notice it: played, so that none has to stand anywhere. */
export interface PlayedGateway {
  /** The gateway asks this RADIUS server about the visitor; undefined if it asks none. */
  readonly radius: RadiusGateway | undefined;
  /** Where it sends a browser that is not online: an address of the portal. */
  redirect(): string;
  /** Reads the way online on which the portal sends the browser; undefined if it does not lead through this gateway. */
  read(way: URL): Way | undefined;
}

export interface Way {
  /** Where the gateway sends the browser when it is online. */
  readonly onward: string;
  /** With what it asks the RADIUS server. */
  readonly login?: VisitorLogin;
}

export interface Stage {
  readonly portalUrl: string;
  /** `02:..` */
  readonly device: string;
  readonly random: Random;
}

export type PlayableGateway = UamGateway | MikrotikGateway | OpenndsGateway;

/** Whether a visitor can walk through it without anything standing there. */
export function isPlayable(gateway: Gateway): gateway is PlayableGateway {
  return canBePlayed(gateway);
}

export function play(gateway: PlayableGateway, stage: Stage): PlayedGateway {
  if ('uam' in gateway) return playUam(gateway, stage);
  return gateway.kind === 'mikrotik' ? playMikrotik(gateway, stage) : playOpennds(gateway, stage);
}

const START = 'http://synthetic-visitor.invalid/';
const CHALLENGE_OCTETS = 16;

function md5(...parts: (string | Buffer)[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function dashed(device: string): string {
  return device.replaceAll(':', '-').toUpperCase();
}

/** uspot and CoovaChilli: a challenge in the redirect, the answer to it at /logon. */
function playUam(gateway: UamGateway, { portalUrl, device, random }: Stage): PlayedGateway {
  const { address, port, secret, login } = gateway.uam;
  const challenge = random.bytes(CHALLENGE_OCTETS);
  const shared = secret?.reveal();
  const key = shared === undefined ? challenge : md5(challenge, shared);
  return {
    radius: gateway,
    /** Signed if there is a secret. */
    redirect() {
      const query = new URLSearchParams({
        res: 'notyet',
        uamip: address,
        uamport: String(port),
        challenge: challenge.toString('hex'),
        called: '02-00-00-00-00-00',
        mac: dashed(device),
        nasid: gateway.radius.nasIdentifier ?? gateway.id,
        userurl: START,
      });
      const written = `${portalUrl}/uam/${gateway.id}?${query}`;
      return shared === undefined ? written : `${written}&md=${md5(written, shared).toString('hex').toUpperCase()}`;
    },
    read({ pathname, searchParams }) {
      const [username, onward] = [searchParams.get('username'), searchParams.get('userurl')];
      const proof = searchParams.get(login === 'chap' ? 'response' : 'password');
      if (pathname !== '/logon' || username === null || onward === null || proof === null) return undefined;
      if (login === 'chap')
        return { onward, login: { username, chap: { id: 0, response: hex(proof), challenge: key } } };
      return { onward, login: { username, password: shared === undefined ? proof : unmask(hex(proof), key) } };
    },
  };
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

/** The password lies under the key again and again, filled up with zeroes. */
function unmask(masked: Buffer, key: Buffer): string {
  const open = masked.map((octet, i) => octet ^ (key[i % key.length] ?? 0));
  return Buffer.from(open).toString('latin1').replace(/\0+$/, '');
}

/** RouterOS: what its login.html would write, each octet in octal. */
function playMikrotik(gateway: MikrotikGateway, { portalUrl, device, random }: Stage): PlayedGateway {
  const { loginUrl, login } = gateway.hotspot;
  const id = random.bytes(1);
  const challenge = random.bytes(CHALLENGE_OCTETS);
  const octal = (octets: Buffer): string =>
    [...octets].map((octet) => `\\${octet.toString(8).padStart(3, '0')}`).join('');
  return {
    radius: gateway,
    redirect() {
      const asked = login === 'chap' ? { 'chap-id': octal(id), 'chap-challenge': octal(challenge) } : {};
      const query = { 'link-login-only': loginUrl, mac: device.toUpperCase(), ...asked, 'link-orig': START };
      return `${portalUrl}/mikrotik/${gateway.id}?${new URLSearchParams(query)}`;
    },
    read(way) {
      const [username, proof] = [way.searchParams.get('username'), way.searchParams.get('password')];
      const onward = way.searchParams.get('dst');
      const isLogin = way.href.startsWith(`${new URL(loginUrl).href}?`);
      if (!isLogin || username === null || proof === null || onward === null) return undefined;
      if (login === 'pap') return { onward, login: { username, password: proof } };
      return { onward, login: { username, chap: { id: id[0] ?? 0, response: hex(proof), challenge } } };
    },
  };
}

const AES_KEY_OCTETS = 32;

/** openNDS at levels 1 and 2: the browser brings the proof itself, and no RADIUS server is asked. */
function playOpennds(gateway: OpenndsGateway, { portalUrl, device, random }: Stage): PlayedGateway {
  const hid = random.bytes(AES_KEY_OCTETS).toString('hex');
  const authdir = 'opennds_auth';
  const faskey = gateway.faskey.reveal();
  return {
    radius: undefined,
    redirect() {
      const fields = { hid, clientip: '192.0.2.99', clientmac: device, gatewayname: gateway.id, version: '10.2.0' };
      const where = { gatewayaddress: gateway.address, gatewaymac: '020000000000', authdir, originurl: START };
      const text = Object.entries({ ...fields, ...where, clientif: 'br-lan' }).map(
        ([name, value]) => `${name}=${value}`,
      );
      return `${portalUrl}/opennds/${gateway.id}?${fasOf(text.join(', '))}`;
    },
    read(way) {
      const [tok, redir] = [way.searchParams.get('tok'), way.searchParams.get('redir')];
      const isOurs = way.origin === `http://${gateway.address}` && way.pathname === `/${authdir}/`;
      const isProven =
        tok ===
        createHash('sha256')
          .update(hid + faskey)
          .digest('hex');
      return isOurs && isProven && redir !== null ? { onward: redir } : undefined;
    },
  };

  function fasOf(text: string): URLSearchParams {
    if (gateway.level === 1) return new URLSearchParams({ fas: Buffer.from(text).toString('base64') });
    const key = Buffer.alloc(AES_KEY_OCTETS);
    key.write(faskey);
    const iv = random.bytes(8).toString('hex');
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    const sealed = Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
    return new URLSearchParams({ fas: Buffer.from(sealed).toString('base64'), iv });
  }
}
