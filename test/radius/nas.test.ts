import { type Nas, NasTable } from '../../radius/nas';
import { townConfig } from './town';

/** The configuration check refuses addresses that overlap; here they do, to see which entry wins. */
function table(clients: Readonly<Record<string, readonly string[]>>): NasTable {
  const config = townConfig('.');
  const model = config.gateways[0];
  if (model === undefined || !('radius' in model)) throw new Error('the test town has lost its gateway');
  const gateways = Object.entries(clients).map(([id, addresses]) => ({
    ...model,
    id,
    radius: { ...model.radius, clients: [...addresses] },
  }));
  return new NasTable({ ...config, gateways });
}

describe('which gateway sends from an address', () => {
  const nasTable = table({
    'one-address': ['192.0.2.7', '2001:db8::7'],
    'a-network': ['192.0.2.0/24', '2001:db8::/32'],
    'a-larger-one': ['192.0.0.0/16', '10.0.0.0/8'],
    mapped: ['::ffff:198.51.100.0/120', '::ffff:203.0.113.9'],
  });

  test.each([
    ['192.0.2.7', 'one-address'],
    ['192.0.2.8', 'a-network'],
    ['192.0.3.8', 'a-larger-one'],
    ['10.255.255.255', 'a-larger-one'],
    ['11.0.0.0', undefined],
    ['::ffff:192.0.2.7', 'one-address'],
    ['::ffff:192.0.2.8', 'a-network'],
    ['198.51.100.255', 'mapped'],
    ['198.51.101.0', undefined],
    ['203.0.113.9', 'mapped'],
    ['2001:db8::7', 'one-address'],
    ['2001:0db8:0:0::8', 'a-network'],
    ['2001:db9::7', undefined],
    ['fe80::1%eth0', undefined],
  ])('%s is %s: exact before network, the narrower network first', (address, gateway) => {
    expect(nasTable.find(address)?.gateway).toBe(gateway);
  });

  test('a gateway brings the rules of its site and whose side its kind counts from', () => {
    const nas = (kind: string): Nas | undefined =>
      new NasTable(
        townConfig('.', {
          gateways: [
            {
              id: 'one',
              kind,
              site: 'bibliothek',
              uam: { address: '127.0.0.1' },
              radius: { clients: ['192.0.2.1'], secret: 'a-secret-of-its-own' },
            },
          ],
        }),
      ).find('192.0.2.1');
    expect(nas('uspot')).toMatchObject({ site: 'bibliothek', viewPoint: 'network', requireMessageAuthenticator: true });
    expect(nas('coovachilli')).toMatchObject({ viewPoint: 'visitor', rules: { maxOctets: 10_000_000_000 } });
  });
});
