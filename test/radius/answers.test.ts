import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { octetsAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE, encodePacket, parsePacket } from '../../radius/wire/packet';
import { packageRoot } from '../../runtime/package-root';
import { belongs, faultOf } from '../fuzz/packet';
import { describeWith } from '../support/packages';
import { BareGateway } from './client';
import { GATEWAYS, Town } from './town';

const SECRET = Buffer.from(GATEWAYS['gw-rathaus'].secret);

let town: Town;
beforeAll(async () => {
  town = await Town.open();
});
afterAll(() => town.close());

describe('test/fixtures/radius/answered.txt', () => {
  const lines = readFileSync(join(packageRoot, 'test/fixtures/radius/answered.txt'), 'utf8').split('\n');
  const vectors = lines.flatMap((line, i) => {
    const [code = '', port = '', hex = ''] = line.split(' ');
    return hex === '' || line.startsWith('#') ? [] : [{ code: Number(code), port, hex, what: lines[i - 1]?.slice(2) }];
  });
  test.each(vectors)('$code: $what', async ({ code, port, hex }) => {
    const request = Buffer.from(hex, 'hex');
    // All have the same identifier and authenticator, so each comes from a port of its own.
    const own = await BareGateway.open(GATEWAYS['gw-rathaus'].source, SECRET);
    const reply = await own.ask(
      request,
      port === 'accounting' ? town.role.accountingPort : town.role.authenticationPort,
    );
    own.close();
    expect(reply[0]).toBe(code);
    expect(belongs(reply, request, SECRET)).toBe(true);
    // Signed first, Proxy-State as they came: as an implementation of its own reads it.
    expect(faultOf(reply, request, SECRET)).toBeUndefined();
  });

  test('a gateway that need not sign must, once there is anything an answer could be forged with (BlastRADIUS)', async () => {
    const { source, secret } = GATEWAYS['gw-alt'];
    const unsure = await BareGateway.open(source, Buffer.from(secret));
    const name = textAttribute('User-Name', 'nobody');
    const port = town.role.authenticationPort;
    const unsigned = (identifier: number, ...more: ReturnType<typeof octetsAttribute>[]) =>
      encodePacket(CODE.accessRequest, identifier, Buffer.alloc(16, 7), [name, ...more]);

    expect((await unsure.ask(unsigned(1), port))[0]).toBe(CODE.accessReject);
    unsure.send(unsigned(2, octetsAttribute('Proxy-State', Buffer.alloc(40))), port);
    unsure.send(unsigned(3, octetsAttribute('EAP-Message', Buffer.from('0200000801626f62', 'hex'))), port);
    expect(await unsure.settle(port)).toEqual([]);
    unsure.close();
  });
});

describeWith('eapol_test', 'Debian’s eapol_test, a device that asks by 802.1X', () => {
  test('gets a clean end of the conversation, not silence [RFC 3579 2.6.5]', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-eap-'));
    const network = ['key_mgmt=WPA-EAP', 'eap=TTLS', 'identity="bob"', 'password="hello"', 'phase2="auth=PAP"'];
    writeFileSync(join(folder, 'network'), `network={\n${network.join('\n')}\n}\n`);
    const words = ['-c', join(folder, 'network'), '-a', '127.0.0.1', '-p', `${town.role.authenticationPort}`];
    const output = await new Promise<string>((resolve) =>
      execFile('eapol_test', [...words, '-s', GATEWAYS['gw-rathaus'].secret, '-t', '5'], (_, out) => resolve(out)),
    );
    rmSync(folder, { recursive: true });
    expect(output).toContain('code=3 (Access-Reject)');
    expect(output).toMatch(/decapsulated EAP packet \(code=4 id=\d+ len=4\) from RADIUS server: EAP Failure/);
    expect(output).not.toContain('Invalid Message-Authenticator');
    expect(output).toContain('FAILURE');
    expect(await town.metric('radius_rejects_total', { reason: 'eap-not-offered' })).toBeGreaterThan(0);
  });
});

test('an answer of EAP begins with the signature, names the request, and says no sentence beside it', async () => {
  const gateway = await BareGateway.open(GATEWAYS['gw-rathaus'].source, SECRET);
  const blank = octetsAttribute('Message-Authenticator', Buffer.alloc(16));
  const eap = octetsAttribute('EAP-Message', Buffer.from('02a5000801626f62', 'hex'));
  const request = encodePacket(CODE.accessRequest, 1, createHash('md5').update('any').digest(), [blank, eap]);
  createHmac('md5', SECRET).update(request).digest().copy(request, 22);
  const reply = parsePacket(await gateway.ask(request, town.role.authenticationPort));
  gateway.close();
  expect([...(reply?.attributes ?? [])].map(({ type }) => type)).toEqual([80, 79]);
  expect(reply?.attributes.octets('EAP-Message')).toEqual(Buffer.from('04a50004', 'hex'));
});
