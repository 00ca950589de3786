import { SECOND } from '../../core/time';
import { DuplicateCache } from '../../radius/transport/duplicates';
import { octetsAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE, encodePacket, type Packet, parsePacket } from '../../radius/wire/packet';

const REPLY = Buffer.from('the answer');

function request(
  identifier: number,
  authenticator = identifier,
  code: number = CODE.accessRequest,
  signature = 0,
): Packet {
  const signed = octetsAttribute('Message-Authenticator', Buffer.alloc(16, signature));
  const packet = parsePacket(encodePacket(code, identifier, Buffer.alloc(16, authenticator), [signed]));
  if (packet === undefined) throw new Error('not a packet');
  return packet;
}

/** Shows it a request; true if it is a repetition, else it is answered. */
function seen(cache: DuplicateCache, packet: Packet, now = 0, port = 1024): boolean {
  const found = cache.admit({ address: '192.0.2.1', port }, packet, now);
  if (!found.known) cache.answered(found.ticket, REPLY);
  return found.known;
}

describe('repeated requests [RFC 5080 2.2.2]', () => {
  test.each<[string, boolean, (cache: DuplicateCache) => boolean]>([
    ['the same again', true, (cache) => seen(cache, request(1))],
    ['another authenticator', false, (cache) => seen(cache, request(1, 2))],
    ['another signature', false, (cache) => seen(cache, request(1, 1, CODE.accessRequest, 9))],
    ['another type of packet', false, (cache) => seen(cache, request(1, 1, CODE.accountingRequest))],
    ['another port', false, (cache) => seen(cache, request(1), 0, 1025)],
    ['after 29 seconds', true, (cache) => seen(cache, request(1), 29 * SECOND)],
    ['after 30 seconds', false, (cache) => seen(cache, request(1), 30 * SECOND)],
  ])('%s: a repetition is %s', (_, expected, repeat) => {
    const cache = new DuplicateCache();
    expect(seen(cache, request(1))).toBe(false);
    expect(repeat(cache)).toBe(expected);
  });

  test('a repetition gets the same octets; before there is an answer, none; once it was given up, it is new', () => {
    const cache = new DuplicateCache();
    const peer = { address: '192.0.2.1', port: 1024 };
    const first = cache.admit(peer, request(1), 0);
    expect(cache.admit(peer, request(1), 0)).toEqual({ known: true });
    if (!first.known) cache.forget(first.ticket);
    const second = cache.admit(peer, request(1), 0);
    expect(second.known).toBe(false);
    if (!second.known) cache.answered(second.ticket, REPLY);
    expect(cache.admit(peer, request(1), 0)).toEqual({ known: true, reply: REPLY });
  });

  test('an identifier that is used anew does not shorten the time of its new request', () => {
    const cache = new DuplicateCache();
    seen(cache, request(1, 1), 0);
    seen(cache, request(1, 2), 20 * SECOND);
    // The first one is 31 seconds old and goes; the second is 11.
    expect(seen(cache, request(1, 2), 31 * SECOND)).toBe(true);
  });

  test('an unsigned request with the authenticator of another one is not its repetition', () => {
    const cache = new DuplicateCache();
    const unsigned = (name: string): Packet => {
      const packet = parsePacket(encodePacket(1, 1, Buffer.alloc(16), [textAttribute('User-Name', name)]));
      if (packet === undefined) throw new Error('not a packet');
      return packet;
    };
    expect([unsigned('a'), unsigned('b'), unsigned('a')].map((packet) => seen(cache, packet))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('answers do not take more room than is set aside: what is lost is answered anew, nothing wrong is given', () => {
    const cache = new DuplicateCache(64);
    const answerTo = (n: number): Buffer => Buffer.alloc(1000 + n, n);
    const again: [n: number, right: boolean | undefined][] = [];
    const peer = { address: '2001:db8::1', port: 1024 };
    for (let n = 0; n < 60; n++) {
      const first = cache.admit(peer, request(n), n);
      if (!first.known) cache.answered(first.ticket, answerTo(n));
      const repeated = cache.admit(peer, request(n), n);
      again.push([n, repeated.known && repeated.reply?.equals(answerTo(n))]);
    }
    expect(again.every(([, right]) => right === true)).toBe(true);
    expect(cache.admit(peer, request(0), 60).known).toBe(false);
    const late = cache.admit(peer, request(55), 60);
    expect(late).toEqual({ known: true, reply: answerTo(55) });
  });

  test('no more than its capacity is kept, the oldest goes first, however often it has gone round', () => {
    const cache = new DuplicateCache(10);
    for (let n = 0; n < 1000; n++) {
      expect(seen(cache, request(n % 256, n % 251), n, 1024 + n)).toBe(false);
      expect(cache.size).toBeLessThanOrEqual(10);
    }
    const again = (n: number): boolean => {
      const found = cache.admit({ address: '192.0.2.1', port: 1024 + n }, request(n % 256, n % 251), 1000);
      return found.known;
    };
    expect([again(999), again(992), again(985)]).toEqual([true, true, false]);
  });
});
