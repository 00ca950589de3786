import fc from 'fast-check';
import { exposition, type Labelled } from '../../runtime/exposition';
import type { Labels } from '../../runtime/labels';
import { Rows } from '../../runtime/row';
import type { Family } from '../../runtime/series';
import { readExposition } from '../support/exposition';

/** What is written of a thing with one series. */
async function page(value: number, own: Labels, more?: Labels): Promise<string> {
  const family: Family<null> = { name: 'x', help: 'An x.', type: 'gauge', show: (_, show) => show(value, more) };
  const pieces: Uint8Array[] = [];
  for await (const piece of exposition([family], [[null, own]])) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function written(value: number): Promise<string> {
  return (await page(value, { ap: 'a' })).split('\n')[2]?.split(' ')[1] ?? '';
}

test('a number is written as String writes it: whole, of some decimal places, of any size', async () => {
  const parts = fc.tuple(fc.maxSafeInteger(), fc.constantFrom(1, 10, 100, 1000, 10_000));
  const number = fc.oneof(
    parts.map(([whole, part]) => whole / part),
    fc.double(),
    fc.integer(),
  );
  await fc.assert(
    fc.asyncProperty(number, async (value) => expect(await written(value)).toBe(String(value))),
    { numRuns: 2_000 },
  );
  for (const value of [0, 0.001, 0.1, 0.999, 99_999_999, 100_000_000, 1_763_795_377.12, 2 ** 53, 2 ** 64, -0.5])
    expect(await written(value)).toBe(String(value));
});

test('any text is a label that reads back, whatever its signs; a label that is not known is left out', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', '\\', 'n', 'ß', '€', '😀', ',', '}', ' ') });
  await fc.assert(
    fc.asyncProperty(text, text, async (site, name) => {
      const [series] = readExposition(await page(1, { ap: 'ap-1', site }, { name, band: undefined }));
      expect(series?.labels).toEqual({ ap: 'ap-1', site, name });
    }),
  );
  expect(await page(1, {}, { name: 'a\nb' })).toContain('\nstadtfunk_x{name="a\\nb"} 1\n');
});

test('a page of many pieces is the same text as one', async () => {
  const things = Array.from({ length: 20_000 }, (_, i) => [i, { ap: `ap-${i}`, site: 'Straße' }] as const);
  const families = ['a', 'b'].map((name): Family<number> => {
    return {
      name,
      help: 'An x.',
      type: 'counter',
      show: (i, show) => show(i, i === 7 ? { name: 'long '.repeat(5_000) } : {}),
    };
  });
  const pieces: Uint8Array[] = [];
  for await (const piece of exposition(families, things)) pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(4);
  const series = readExposition(Buffer.concat(pieces).toString());
  expect(series).toHaveLength(40_000);
  for (const [i, { labels, value }] of series.entries())
    expect([labels.ap, labels.site, value]).toEqual([`ap-${i % 20_000}`, 'Straße', i % 20_000]);
});

test('what a thing shows in all families is of one moment, although the page is sent for longer', async () => {
  const things = Array.from(
    { length: 20_000 },
    (_, i): Labelled<{ value: number }> => [{ value: 0 }, { ap: `ap-${i}` }],
  );
  const families = ['a', 'b', 'c'].map((name): Family<{ value: number }> => {
    return { name, help: 'An x.', type: 'gauge', show: ({ value }, show) => show(value) };
  });
  const pieces: Uint8Array[] = [];
  for await (const piece of exposition(families, things)) {
    pieces.push(piece);
    for (const [thing] of things) thing.value++;
  }
  expect(pieces.length).toBeGreaterThan(2);
  expect(new Set(readExposition(Buffer.concat(pieces).toString()).map(({ value }) => value))).toEqual(new Set([0]));
});

describe('what was read earlier and kept as a row', () => {
  /** A thing that shows these: of the first family, the second and so on. */
  type Shown = { value: number | undefined; name: string | undefined }[][];
  const families = [0, 1, 2].map((i): Family<Shown> => {
    const show: Family<Shown>['show'] = (thing, to) => {
      for (const { value, name } of thing[i] ?? []) to(value, name === undefined ? undefined : { name });
    };
    return { name: `x${i}`, help: 'An x.', type: 'gauge', show };
  });

  async function text(pieces: AsyncIterable<Uint8Array>): Promise<string> {
    const all: Uint8Array[] = [];
    for await (const piece of pieces) all.push(piece);
    return Buffer.concat(all).toString();
  }

  const name = fc.option(fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', 'ß', ' ', '1'), maxLength: 4 }), {
    nil: undefined,
  });
  const series = fc.record({ value: fc.option(fc.double(), { nil: undefined }), name });
  const town = fc.array(fc.array(fc.array(series, { maxLength: 3 }), { minLength: 3, maxLength: 3 }), {
    maxLength: 20,
  });

  test('is written as if it had just been read', async () => {
    const rows = new Rows(families);
    await fc.assert(
      fc.asyncProperty(town, async (shown) => {
        const things = shown.map((thing, i): Labelled<Shown> => [thing, { ap: `ap-${i}` }]);
        const kept = new Map(shown.map((thing) => [thing, rows.of(thing)]));
        const page = exposition([], things, { families, rowOf: (thing) => kept.get(thing) });
        expect(await text(page)).toBe(await text(exposition(families, things)));
      }),
    );
  });

  test('has one form for all that show alike, and a form of its own for each of very many that do not', async () => {
    const rows = new Rows(families);
    const things = Array.from({ length: 10_000 }, (_, i): Shown => [[{ value: i, name: `wlan${i % 5_000}` }], [], []]);
    const [first, ...others] = things.slice(0, 5_001).map((thing) => rows.of(thing));
    expect(rows.of([[{ value: 7, name: 'wlan5' }], [], []]).form).toBe(rows.of([[{ value: 8, name: 'wlan5' }]]).form);
    expect(others.filter(({ form }) => form === first?.form)).toEqual([]);
    const kept = new Map(things.map((thing) => [thing, rows.of(thing)]));
    const labelled = things.map((thing, i): Labelled<Shown> => [thing, { ap: `ap-${i}` }]);
    const page = await text(exposition([], labelled, { families, rowOf: (thing) => kept.get(thing) }));
    expect(page).toBe(await text(exposition(families, labelled)));
  });
});
