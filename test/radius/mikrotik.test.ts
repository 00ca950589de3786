import { writeAcceptance } from '../../radius/wire/access';
import { sealRequest, writeDisconnect } from '../../radius/wire/dynamic-authorization';
import { CODE, encodePacket, parsePacket } from '../../radius/wire/packet';

const ACCEPTANCE = { sessionTimeoutSeconds: 60, idleTimeoutSeconds: 30, remainingOctets: 5_000_000_000 };

function accepted(vendor: 'Mikrotik' | 'ChilliSpot') {
  const attributes = writeAcceptance(ACCEPTANCE, { grantId: undefined, userName: undefined, vendor });
  return parsePacket(encodePacket(CODE.accessAccept, 1, Buffer.alloc(16), attributes))?.attributes;
}

test('a MikroTik router is told the volume in its own attributes, other gateways in ChilliSpot’s', () => {
  const own = accepted('Mikrotik');
  expect(own?.integer('Mikrotik-Total-Limit')).toBe(5_000_000_000 % 2 ** 32);
  expect(own?.integer('Mikrotik-Total-Limit-Gigawords')).toBe(1);
  expect(own?.integer('ChilliSpot-Max-Total-Octets')).toBeUndefined();
  expect(accepted('ChilliSpot')?.integer('ChilliSpot-Max-Total-Gigawords')).toBe(1);
});

test('a MikroTik router ends a session by its user name and id', () => {
  const order = {
    gateway: 'bath',
    site: 'square',
    sessionId: '80a00002',
    username: 'word',
    orderedAt: 0,
    dueAt: 0,
    tries: 0,
  };
  const draft = writeDisconnect('mikrotik', order, 0);
  if (typeof draft === 'string') throw new Error(draft);
  const attributes = parsePacket(sealRequest(draft, 1, Buffer.from('secret')))?.attributes;
  expect([attributes?.text('User-Name'), attributes?.text('Acct-Session-Id')]).toEqual(['word', '80a00002']);
  expect(attributes?.octets('Message-Authenticator')).toBeUndefined();
});
