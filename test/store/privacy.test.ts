import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../../store/embedded/driver';
import { privacyContract } from '../contract/privacy';
import { canaries, filesOf, searchFiles } from '../support/canary';

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-privacy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

privacyContract('embedded', {
  open: ({ place, ...context }) => openEmbeddedStore(join(folder, place), context),
  dump: async (place) => filesOf(join(folder, place)).map((file) => readFileSync(file)),
  copy: async (from, to) => cpSync(join(folder, from), join(folder, to), { recursive: true }),
});

describe('the canary search', () => {
  const device = '02:aa:BB:33:44:55';

  test.each([
    ['02:aa:bb:33:44:55'],
    ['02:AA:BB:33:44:55'],
    ['02-aa-bb-33-44-55'],
    ['02-AA-BB-33-44-55'],
    ['02aa.bb33.4455'],
    ['02AA.BB33.4455'],
    ['02aabb334455'],
    ['02AABB334455'],
    ['2932308395093'],
    ['Aqq7M0RV'],
    ['02aabbfffe334455'],
    ['00aa:bbff:fe33:4455'],
    ['4d4ce3f291473c8d96a55f11b0305542'],
    ['16bf97520814777573bd799364b8a527975caf58'],
    ['ac836016b7b51042cc9dbb2486ff607e8c37367f83a9e9685a788c3a194573d3'],
  ])('knows %s', (form) => {
    expect(canaries(device).map(String)).toContain(form);
  });

  test('finds a needle in a file of a subfolder and names both', () => {
    const needle = Buffer.from('import {');
    expect(searchFiles(__dirname, [needle]).map(({ file }) => file)).toContain(__filename);
    expect(searchFiles(__dirname, canaries('02fedcba'.concat('9877')))).toEqual([]);
  });
});
