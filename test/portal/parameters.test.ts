import fc from 'fast-check';
import { Parameters } from '../../portal/gateways/parameters';

const PIECES = [
  'res',
  'mac',
  'uamip',
  '=',
  '==',
  '&',
  '&&',
  '+',
  '%',
  '%20',
  '%2b',
  '%3D',
  '%26',
  '%c3%bc',
  '%ff',
  '%u00',
  'ü',
  ' ',
  '10.1.0.1',
  '#',
];

test('parameters read as URLSearchParams reads them, whatever stands in the query', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 24 }), (pieces) => {
      const query = pieces.join('');
      const [ours, expected] = [new Parameters(query), new URLSearchParams(query)];
      for (const name of ['res', 'mac', 'uamip', '', 'ü', 'other', ...expected.keys()]) {
        expect(ours.get(name)).toBe(expected.get(name) ?? undefined);
        expect(ours.isRepeated(name)).toBe(expected.getAll(name).length > 1);
      }
    }),
    { numRuns: 2_000 },
  );
});
