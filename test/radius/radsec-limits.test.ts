import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { OUT_OF_STEP, PacketCutter } from '../../radius/transport/radsec/framing';
import { CODE } from '../../radius/wire/packet';
import { describeWith } from '../support/packages';
import { until } from '../support/wait';
import { Authority, type Pair } from './certificates';
import { RadsecClient } from './radsec-client';
import { openRadsecTown, PSK, started, status } from './radsec-town';
import { withOperation } from './with-operation';

describe('cutting packets out of a stream [RFC 6613 2.1]', () => {
  function cut(chunks: readonly Buffer[]): (Buffer | typeof OUT_OF_STEP)[] {
    const cutter = new PacketCutter();
    return chunks.flatMap((chunk) => {
      cutter.put(chunk);
      const found: (Buffer | typeof OUT_OF_STEP)[] = [];
      for (let next = cutter.next(); next !== undefined; next = cutter.next()) {
        found.push(next);
        if (next === OUT_OF_STEP) break;
      }
      return found;
    });
  }

  const packet = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ minLength: 0, maxLength: 4076 }))
    .map(([code, body]) => {
      const octets = Buffer.concat([Buffer.alloc(20, code), body]);
      octets.writeUInt16BE(octets.length, 2);
      return octets;
    });

  test('wherever the stream is cut, the packets are the same', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 20 }), (packets, cuts) => {
        const stream = Buffer.concat(packets);
        const places = [...new Set(cuts.map((place) => place % (stream.length + 1)))].sort((a, b) => a - b);
        const chunks = [...places, stream.length].map((to, i) => stream.subarray(places[i - 1] ?? 0, to));
        expect(cut(chunks)).toEqual(packets);
      }),
    );
  });

  test.each([0, 19, 4097, 65_535])('a length of %d ends the stream', (length) => {
    const octets = Buffer.alloc(20);
    octets.writeUInt16BE(length, 2);
    expect(cut([octets])).toEqual([OUT_OF_STEP]);
  });
});

describeWith('openssl', 'RadSec that is slow or stops', () => {
  let authority: Authority;
  let own: Pair;
  let rathaus: Pair;
  beforeAll(() => {
    authority = new Authority();
    own = authority.issue('radius.example');
    rathaus = authority.issue('rathaus');
  });
  afterAll(() => authority.remove());

  test('no more than 256 requests of a connection wait; the others wait in the line, none is lost', async () => {
    let open: () => void = () => {};
    let waiting = 0;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const town = await openRadsecTown(authority, own, (store) =>
      withOperation(store, 'applyAccounting', async (event) => {
        waiting += 1;
        await gate;
        return store.applyAccounting(event);
      }),
    );
    const client = await RadsecClient.open(town.role.radsecPort, rathaus);
    for (let i = 0; i < 400; i++) client.send(started(i % 256, `S${i}`));
    await until('256 wait', () => waiting === 256);
    const other = await RadsecClient.open(town.role.radsecPort, { identity: 'gw-alt', psk: PSK });
    expect((await other.ask(status()))[0]).toBe(CODE.accessAccept);
    expect(waiting).toBe(256);
    open();
    await until('all are answered', () => client.received.length === 400);
    expect((await town.usage('rathaus')).sessions).toBe(400);
    client.close();
    other.close();
    await town.close();
  });

  test('a stop answers what is under way, then closes', async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const town = await openRadsecTown(authority, own, (store) =>
      withOperation(store, 'applyAccounting', (event) => gate.then(() => store.applyAccounting(event))),
    );
    const client = await RadsecClient.open(town.role.radsecPort, rathaus);
    client.send(started(1, 'S1'));
    await until(
      'it has arrived',
      async () => (await town.metric('radius_requests_total', { kind: 'accounting' })) === 1,
    );
    const stopped = town.role.stop();
    expect(town.role.notReady()).toBeDefined();
    open();
    await stopped;
    await client.whenClosed();
    expect(client.received.map((reply) => reply[0])).toEqual([CODE.accountingResponse]);
    await town.close();
  });

  test.each([
    {
      what: 'a file that is not there',
      change: () => ({ key: authority.path('none.key') }),
      says: 'none.key: it does not exist.',
    },
    {
      what: 'a key in place of a certificate',
      change: () => ({ certificate: own.key }),
      says: 'does not hold a certificate',
    },
    {
      what: 'a certificate in place of a key',
      change: () => ({ key: own.certificate }),
      says: 'does not hold a private key',
    },
    {
      what: 'a key of another certificate',
      change: () => ({ key: rathaus.key }),
      says: 'does not belong to the certificate',
    },
  ])('$what is one clear sentence', async ({ change, says }) => {
    const failed = await openRadsecTown(authority, { ...own, ...change() }).catch((error: unknown) => String(error));
    expect(failed).toContain(says);
    expect(failed).toMatch(/ Correct radius\.radsec\.certificates\.\w+.* \(RADSEC_CERTIFICATES\)$/);
  });

  test('an authority file that holds none is one clear sentence', async () => {
    const empty = authority.path('empty.pem');
    writeFileSync(empty, '');
    const failed = await openRadsecTown({ certificate: empty }, own).catch((error: unknown) => String(error));
    expect(failed).toContain(
      'empty.pem does not hold a certificate in PEM. Correct radius.radsec.certificates.clientAuthority.',
    );
  });
});
