import { type Nas, NasTable } from '../../radius/nas';
import { townConfig } from './town';

/** One gateway for each name; behind a slash the NAS-Identifier by which it is told apart. */
function table(clients: Readonly<Record<string, readonly string[]>>): NasTable {
  const gateways = Object.entries(clients).map(([name, addresses]) => {
    const [id, nasIdentifier] = name.split('/');
    const radius = { clients: addresses, secret: 'a-secret-of-its-own', ...(nasIdentifier && { nasIdentifier }) };
    return { id, kind: 'uspot', site: 'rathaus', uam: { address: '127.0.0.1' }, radius };
  });
  return new NasTable(townConfig('.', { gateways }));
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

  const behindNat = table({
    'bus-1/bus-1': ['192.0.2.9'],
    'bus-2/bus-2': ['192.0.2.9'],
    'the-net': ['192.0.2.0/24'],
    'school/school': ['198.51.100.0/24'],
    'school-other': ['198.51.100.0/24'],
    'only-named/named': ['203.0.113.1'],
  });

  test.each([
    ['192.0.2.9', 'bus-1', 'bus-1'],
    ['192.0.2.9', 'bus-2', 'bus-2'],
    ['192.0.2.9', 'bus-3', 'the-net'],
    ['192.0.2.9', undefined, 'the-net'],
    ['192.0.2.8', 'bus-1', 'the-net'],
    ['198.51.100.1', 'school', 'school'],
    ['198.51.100.1', 'School', 'school-other'],
    ['203.0.113.1', 'named', 'only-named'],
    ['203.0.113.1', 'other', undefined],
    ['203.0.113.1', undefined, undefined],
  ])('%s with NAS-Identifier %s is %s: who has that name, before who has none [RFC 2865 5.32]', (address, said, is) => {
    expect(behindNat.find(address, () => said)?.gateway).toBe(is);
  });

  test('the packet is not read for its NAS-Identifier where that makes no difference', () => {
    const read = jest.fn();
    expect(behindNat.find('192.0.2.8', read)?.gateway).toBe('the-net');
    expect(read).not.toHaveBeenCalled();
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
