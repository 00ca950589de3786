import fc from 'fast-check';
import radius from 'radius';
import { readAccessRequest } from '../../radius/wire/access';
import { readAccounting } from '../../radius/wire/accounting';
import {
  type Attribute,
  Attributes,
  addressAttribute,
  integerAttribute,
  octetsAttribute,
  textAttribute,
} from '../../radius/wire/attributes';
import { CODE, encodePacket, HEADER_OCTETS, type Packet, parsePacket } from '../../radius/wire/packet';
import { sealReply, verifyRequest } from '../../radius/wire/seal';
import { accountingRequest, papRequest, signedRequest } from './client';

/** Reads octets written as in the RFCs. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

function parsed(datagram: Buffer): Packet {
  const packet = parsePacket(datagram);
  if (packet === undefined) throw new Error('not a packet');
  return packet;
}

describe('the RFCs’ own octets', () => {
  const secret = Buffer.from('xyzzy5461');

  const pap = hex(`01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be 70 8d
    93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03`);
  const papReply = hex(`02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 00 00
    0e 06 c0 a8 01 03`);
  const chap = hex(`01 01 00 47 2a ee 86 f0 8d 0d 55 96 9c a5 97 8e 0d 33 67 a2 01 08 66 6c 6f 70 73 79 03 13 16 e9
    75 57 c3 16 18 58 95 f2 93 ff 63 44 07 72 75 04 06 c0 a8 01 10 05 06 00 00 00 14 06 06 00 00 00 02 07 06 00 00 00 01`);
  const chapReply = hex(`02 01 00 38 15 ef bc 7d ab 26 cf a3 dc 34 d9 c0 3c 86 01 a4 06 06 00 00 00 02 07 06 00 00 00 01
    08 06 ff ff ff fe 0a 06 00 00 00 02 0d 06 00 00 00 01 0c 06 00 00 05 dc`);
  const status = hex(`0c da 00 26 8a 54 f4 68 6f b3 94 c5 28 66 e3 02 18 5d 06 23 50 12 5a 66 5e 2e 1e 84 11 f3 e2 43
    82 20 97 c8 4f a3`);
  const statusReply = hex('02 da 00 14 ef 0d 55 2a 4b f2 d6 93 ec 2b 6f e8 b5 41 1d 66');
  const accountingStatus =
    hex(`0c b3 00 26 92 5f 6b 66 dd 5f ed 57 1f cb 1d b7 ad 38 82 60 50 12 e8 d6 ea bd a9 10 87 5c
    d9 1f da de 26 36 78 58`);
  // The RFC prints 1a as its length; the packet has 20 octets, and its authenticator fits 14.
  const accountingStatusReply = hex('05 b3 00 14 0f 6f 92 14 5f 10 7e 2f 50 4e 86 0a 48 60 66 9c');

  test.each([
    { clause: 'RFC 2865 7.1', request: pap, username: 'nemo' },
    { clause: 'RFC 2865 7.2', request: chap, username: 'flopsy' },
  ])('a password is proved, and only the right one [$clause]', ({ request, username }) => {
    const asked = readAccessRequest(parsed(request), secret);
    expect(asked).toMatchObject({ username });
    expect(asked?.proves?.('arctangent')).toBe(true);
    for (const wrong of ['arctangen', 'arctangent2', '', 'Arctangent', 'arctangent-and-much-longer']) {
      expect(asked?.proves?.(wrong)).toBe(false);
    }
  });

  test.each([
    { clause: 'RFC 5997 6.1', request: status },
    { clause: 'RFC 5997 6.2', request: accountingStatus },
  ])('a Status-Server verifies; with any bit changed it does not [$clause]', ({ request }) => {
    expect(verifyRequest(parsed(request), secret, true)).toBeUndefined();
    for (let bit = HEADER_OCTETS * 8; bit < request.length * 8; bit++) {
      const changed = Buffer.from(request);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const packet = parsePacket(changed);
      if (packet !== undefined) expect(verifyRequest(packet, secret, true)).toBeDefined();
    }
    expect(verifyRequest(parsed(request), Buffer.from('xyzzy5462'), true)).toBe('bad-authenticator');
  });

  test.each([
    { clause: 'RFC 2865 7.1', request: pap, reply: papReply },
    { clause: 'RFC 2865 7.2', request: chap, reply: chapReply },
    { clause: 'RFC 5997 6.1', request: status, reply: statusReply },
    { clause: 'RFC 5997 6.2', request: accountingStatus, reply: accountingStatusReply },
  ])('the answer is sealed to the same octets [$clause]', ({ request, reply }) => {
    const { code, attributes } = parsed(reply);
    const sealed = sealReply(parsed(request), code as 2 | 5, [...attributes], { secret, sign: false });
    expect(sealed.toString('hex')).toBe(reply.toString('hex'));
  });
});

const attribute = fc.record({
  type: fc.integer({ min: 102, max: 255 }),
  value: fc.uint8Array({ maxLength: 253 }).map((octets) => Buffer.from(octets)),
});
const authenticator = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((octets) => Buffer.from(octets));
const octet = fc.integer({ min: 0, max: 255 });
/** Without NUL and without what is not a letter by itself, as passwords and names are. */
const word = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }).filter((text) => !text.includes('\0'));
const integer = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('packets', () => {
  test('what was written is read again: code, identifier, authenticator, attributes in order', () => {
    fc.assert(
      fc.property(octet, octet, authenticator, fc.array(attribute, { maxLength: 15 }), (code, id, auth, list) => {
        const packet = parsed(encodePacket(code, id, auth, list));
        expect([packet.code, packet.identifier, packet.authenticator]).toEqual([code, id, auth]);
        expect([...packet.attributes]).toEqual(list);
      }),
    );
  });

  test('padding after Length changes nothing [RFC 2865 3]', () => {
    const secret = Buffer.from('a secret');
    const request = signedRequest(CODE.statusServer, 1, [], secret);
    const packet = parsed(Buffer.concat([request, Buffer.from('padding')]));
    expect(packet.octets).toEqual(request);
    expect(verifyRequest(packet, secret, true)).toBeUndefined();
  });

  test('no octets make reading or verifying throw', () => {
    const secret = Buffer.from('a secret');
    const structured = fc
      .tuple(octet, octet, authenticator, fc.array(fc.tuple(octet, octet, fc.uint8Array({ maxLength: 20 }))))
      .map(([code, id, auth, list]) => {
        const octets = Buffer.concat(list.map(([type, length, value]) => Buffer.from([type, length % 24, ...value])));
        const head = Buffer.from([code % 14, id, (HEADER_OCTETS + octets.length) >> 8, HEADER_OCTETS + octets.length]);
        return Buffer.concat([head, auth, octets]);
      });
    const anything = fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets));
    fc.assert(
      fc.property(fc.oneof(structured, anything), (datagram) => {
        const packet = parsePacket(datagram);
        if (packet === undefined) return;
        verifyRequest(packet, secret, false);
        readAccounting(packet, 'network');
        readAccessRequest(packet, secret)?.proves?.('password');
        packet.attributes.text('User-Name');
        packet.attributes.address('NAS-IP-Address');
        packet.attributes.integer('WISPr-Bandwidth-Max-Up');
        sealReply(packet, CODE.accessReject, [], { secret, sign: true });
      }),
      { numRuns: 5_000 },
    );
  });

  test('too much is refused: a value over 253 octets, a packet over 4096 [RFC 2865 3, 5]', () => {
    expect(() => encodePacket(2, 0, Buffer.alloc(16), [textAttribute('User-Name', 'x'.repeat(254))])).toThrow(
      RangeError,
    );
    expect(() => integerAttribute('WISPr-Bandwidth-Max-Up', 1)).not.toThrow();
    const full: Attribute = { type: 18, value: Buffer.alloc(253) };
    expect(() => encodePacket(2, 0, Buffer.alloc(16), Array(16).fill(full))).toThrow(RangeError);
    expect(encodePacket(2, 0, Buffer.alloc(16), Array(15).fill(full))).toHaveLength(3845);
  });
});

describe('attributes', () => {
  function attributes(...octets: string[]): Attributes {
    return Attributes.parse(hex(octets.join(''))) as Attributes;
  }

  test('one that comes twice is read in order, by name the first', () => {
    const twice = attributes('0104 6161', '0104 6262');
    expect(twice.all('User-Name').map(String)).toEqual(['aa', 'bb']);
    expect(twice.text('User-Name')).toBe('aa');
  });

  test('two texts that are not UTF-8 stay different [RFC 8044 3.4]', () => {
    expect(attributes('2c03 ff').text('Acct-Session-Id')).not.toBe(attributes('2c03 fe').text('Acct-Session-Id'));
    expect(attributes('2c04 c3bc').text('Acct-Session-Id')).toBe('ü');
  });

  test.each([
    { what: 'a vendor attribute of its own', octets: '1a0c 0000372a 0706 000f4240', value: 1_000_000 },
    { what: 'the second of two in one', octets: '1a0f 0000372a 0103 41 0706 000f4240', value: 1_000_000 },
    {
      what: 'behind a vendor that writes otherwise',
      octets: '1a09 000001ad 9001 02 1a0c 0000372a 0706 00000001',
      value: 1,
    },
    { what: 'behind an unknown vendor above 2^24', octets: '1a08 ff000001 0702 1a0c 0000372a 0706 00000001', value: 1 },
    { what: 'another vendor’s attribute with this number', octets: '1a0c 000038df 0706 000f4240', value: undefined },
    { what: 'a length beyond the end', octets: '1a0c 0000372a 0707 000f4240', value: undefined },
    { what: 'a length of one', octets: '1a0c 0000372a 0701 000f4240', value: undefined },
    { what: 'three octets for a number', octets: '1a0b 0000372a 0705 000f42', value: undefined },
    { what: 'no vendor at all', octets: '1a04 0000', value: undefined },
  ])('vendor attributes: $what [RFC 2865 5.26]', ({ octets, value }) => {
    expect(attributes(octets).integer('WISPr-Bandwidth-Max-Up')).toBe(value);
  });

  test('a limit beyond 32 bits becomes the largest that 32 bits hold', () => {
    expect(integerAttribute('Session-Timeout', 10e9).value).toBe(2 ** 32 - 1);
  });
});

describe('verification', () => {
  const secret = Buffer.from('a secret');
  const proxied = octetsAttribute('Proxy-State', Buffer.from('p'));
  const name = textAttribute('User-Name', 'u');

  test('an Access-Request without signature passes only where the gateway may, and never with a Proxy-State', () => {
    const bare = parsed(encodePacket(CODE.accessRequest, 1, Buffer.alloc(16, 7), [name]));
    expect(verifyRequest(bare, secret, true)).toBe('message-authenticator-missing');
    expect(verifyRequest(bare, secret, false)).toBeUndefined();
    const viaProxy = parsed(encodePacket(CODE.accessRequest, 1, Buffer.alloc(16, 7), [name, proxied]));
    expect(verifyRequest(viaProxy, secret, false)).toBe('message-authenticator-missing');
  });

  test('a signature that is there must be right, wherever it stands, required or not [RFC 3579 3.2]', () => {
    const request = signedRequest(CODE.accessRequest, 1, [name, proxied], secret);
    expect(verifyRequest(parsed(request), secret, true)).toBeUndefined();
    request[request.length - 1] = (request.at(-1) ?? 0) ^ 1;
    expect(verifyRequest(parsed(request), secret, false)).toBe('bad-authenticator');
  });

  test('an Accounting-Request may be signed; then over zeroes, and it must be right [RFC 2866 3]', () => {
    const signature = { type: 80, value: Buffer.alloc(16) };
    const inner = signedRequest(CODE.accountingRequest, 9, [name], secret, Buffer.alloc(16));
    const value = inner.subarray(-16);
    expect(verifyRequest(parsed(accountingRequest(9, [name, { ...signature, value }], secret)), secret, true)).toBe(
      undefined,
    );
    const wrong = accountingRequest(9, [name, signature], secret);
    expect(verifyRequest(parsed(wrong), secret, true)).toBe('bad-authenticator');
  });

  test('an answer carries its signature first and Proxy-State last, in order [RFC 2865 5.33, RFC 3579 3.2]', () => {
    const states = ['b', 'a', 'b'].map((text) => octetsAttribute('Proxy-State', Buffer.from(text)));
    const request = parsed(
      signedRequest(CODE.accessRequest, 1, [states[0], name, states[1], states[2]] as Attribute[], secret),
    );
    const reply = parsed(
      sealReply(request, CODE.accessAccept, [integerAttribute('Session-Timeout', 1)], { secret, sign: true }),
    );
    expect([...reply.attributes].map(({ type }) => type)).toEqual([80, 27, 33, 33, 33]);
    expect(reply.attributes.all('Proxy-State').map(String)).toEqual(['b', 'a', 'b']);
  });
});

describe('npm radius, a second implementation', () => {
  const secret = 'shared between two';
  const key = Buffer.from(secret);

  test('reads what we write: names, passwords, addresses, vendor attributes', () => {
    fc.assert(
      fc.property(octet, word, word, integer, fc.ipV4(), integer, (id, username, password, timeout, address, bits) => {
        const request = papRequest(
          id,
          password,
          [
            textAttribute('User-Name', username),
            integerAttribute('Session-Timeout', timeout),
            addressAttribute('NAS-IP-Address', address),
            integerAttribute('WISPr-Bandwidth-Max-Up', bits),
          ],
          key,
        );
        const { attributes, raw_attributes: raw, identifier } = radius.decode({ packet: request, secret });
        expect(identifier).toBe(id);
        expect(attributes).toMatchObject({
          'User-Name': username,
          'User-Password': password,
          'Session-Timeout': timeout,
          'NAS-IP-Address': address,
        });
        const [wispr] = parsed(
          encodePacket(2, 0, Buffer.alloc(16), [integerAttribute('WISPr-Bandwidth-Max-Up', bits)]),
        ).attributes;
        expect(raw).toContainEqual([26, wispr?.value]);
      }),
    );
  });

  test('writes what we read: PAP requests, signed', () => {
    fc.assert(
      fc.property(octet, word, word, integer, (identifier, username, password, bits) => {
        const up = Buffer.alloc(4);
        up.writeUInt32BE(bits);
        const packet = parsed(
          radius.encode({
            code: 'Access-Request',
            identifier,
            secret,
            add_message_authenticator: true,
            attributes: [
              ['User-Name', username],
              ['User-Password', password],
              ['NAS-IP-Address', '192.0.2.1'],
              ['Vendor-Specific', 14122, [[7, up]]],
            ],
          }),
        );
        expect(verifyRequest(packet, key, true)).toBeUndefined();
        const asked = readAccessRequest(packet, key);
        expect(asked?.username).toBe(username);
        expect(asked?.proves?.(password)).toBe(true);
        expect(asked?.proves?.(`${password}x`)).toBe(false);
        expect(packet.attributes.address('NAS-IP-Address')).toBe('192.0.2.1');
        expect(packet.attributes.integer('WISPr-Bandwidth-Max-Up')).toBe(bits);
      }),
    );
  });

  test('both agree on accounting, in both directions', () => {
    fc.assert(
      fc.property(octet, word, integer, fc.integer({ min: 0, max: 100 }), (id, session, octets, gigawords) => {
        const theirs = parsed(
          radius.encode({
            code: 'Accounting-Request',
            identifier: id,
            secret,
            attributes: [
              ['Acct-Status-Type', 'Interim-Update'],
              ['Acct-Session-Id', session],
              ['Acct-Input-Octets', octets],
              ['Acct-Input-Gigawords', gigawords],
            ],
          }),
        );
        expect(verifyRequest(theirs, key, true)).toBeUndefined();
        expect(readAccounting(theirs, 'network')).toEqual({
          status: 'interim',
          sessionId: session,
          delaySeconds: 0,
          uploadOctets: gigawords * 2 ** 32 + octets,
        });

        const ours = accountingRequest(
          id,
          [integerAttribute('Acct-Status-Type', 2), textAttribute('Acct-Session-Id', session)],
          key,
        );
        expect(radius.decode({ packet: ours, secret }).attributes).toMatchObject({
          'Acct-Status-Type': 'Stop',
          'Acct-Session-Id': session,
        });
        const reply = sealReply(parsed(ours), CODE.accountingResponse, [], { secret: key, sign: false });
        expect(radius.verify_response({ request: ours, response: reply, secret })).toBe(true);
      }),
    );
  });

  test('accepts our signed answers, and not with another secret', () => {
    fc.assert(
      fc.property(octet, integer, word, (id, timeout, name) => {
        const request = radius.encode({
          code: 'Access-Request',
          identifier: id,
          secret,
          add_message_authenticator: true,
          attributes: [['User-Name', name]],
        });
        const attributes = [integerAttribute('Session-Timeout', timeout), textAttribute('Class', name)];
        const reply = sealReply(parsed(request), CODE.accessAccept, attributes, { secret: key, sign: true });
        expect(radius.verify_response({ request, response: reply, secret })).toBe(true);
        expect(radius.verify_response({ request, response: reply, secret: 'another' })).toBe(false);
        expect(radius.decode({ packet: reply, secret }).attributes['Session-Timeout']).toBe(timeout);
      }),
    );
  });
});
