import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { formatMistake, loadConfig } from '../../config/load';
import { MESSAGES } from '../../config/messages';

const folder = join(__dirname, '../fixtures/config');
const fixtures = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => basename(file, '.yaml'));
const today = Date.parse('2026-11-21T12:00:00Z');

function mistakesIn(fixture: string) {
  const loaded = loadConfig(join(folder, `${fixture}.yaml`), today);
  return loaded.ok ? [] : loaded.mistakes;
}

test.each(fixtures)('%s: is reported with line, path, what is wrong and what to do', (fixture) => {
  const lines = mistakesIn(fixture).map((mistake) => `${formatMistake(`${fixture}.yaml`, mistake)}\n`);
  const text = lines.join('').replaceAll(folder, '<folder>');
  expect(text).toBe(readFileSync(join(folder, `${fixture}.txt`), 'utf8'));
});

test('each kind of mistake has a fixture of its name that shows it', () => {
  const shown = Object.keys(MESSAGES).filter((kind) => mistakesIn(kind).some((mistake) => mistake.kind === kind));
  expect(shown).toEqual(Object.keys(MESSAGES));
});

test('no report repeats a secret, not even one that stands in a wrong place', () => {
  const reports = fixtures.flatMap((fixture) => mistakesIn(fixture)).map((mistake) => JSON.stringify(mistake));
  // Every secret of the fixtures contains one of these.
  expect(
    reports.filter((report) => /9d3f6a0c|5c01e8d2|2f8be6a0|testing123|changeme|abab|12345678/.test(report)),
  ).toEqual([]);
});
