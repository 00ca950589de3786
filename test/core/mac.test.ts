import fc from 'fast-check';
import { DeviceAddress } from '../../core/mac';

/** The device that the octets say, written by other means. */
const OCTETS = [0x02, 0xfa, 0x9b, 0x00, 0x0c, 0xd1];

test.each([
  '02:fa:9b:00:0c:d1',
  '02-FA-9B-00-0C-D1',
  '02fa9b000cd1',
  '02FA9B000CD1',
  '02fa.9b00.0cd1',
  '02FA9B-000CD1',
  '02 fa 9b 00 0c d1',
])('%s is read', (text) => {
  expect([...(DeviceAddress.parse(text)?.reveal() ?? [])]).toEqual(OCTETS);
});

test.each([
  ['a group address', '03:fa:9b:00:0c:d1'],
  ['no device', '00:00:00:00:00:00'],
  ['mixed signs', '02:fa-9b:00:0c:d1'],
  ['too short', '02fa9b000cd'],
  ['too long', '02fa9b000cd100'],
  ['no hexadecimal digit', '02fa9b000cdg'],
  ['a digit of another script', '02fa9b000cd\u0661'],
])('%s is none: %s', (_, text) => {
  expect(DeviceAddress.parse(text)).toBeUndefined();
});

test('every address comes back as its octets, and is printed nowhere', () => {
  const octets = fc.uint8Array({ minLength: 6, maxLength: 6 }).filter(([first = 1, ...rest]) => {
    return first % 2 === 0 && [first, ...rest].some((octet) => octet !== 0);
  });
  fc.assert(
    fc.property(octets, (octets) => {
      const device = DeviceAddress.parse(Buffer.from(octets).toString('hex'));
      expect(device?.reveal()).toEqual(octets);
      expect(`${device} ${JSON.stringify(device)}`).toBe('[mac] "[mac]"');
    }),
  );
});
