import { type PrivacyClass, SUBJECTS } from '../../core/privacy';
import { HISTORY_MS, RECORD_NAMES, recordClass } from '../../core/records';
import { DAY } from '../../core/time';

const classesIn = (name: (typeof RECORD_NAMES)[number]): ReadonlySet<PrivacyClass> =>
  new Set(Object.values(recordClass(name).fields).map(([privacy]) => privacy));

describe('what is declared', () => {
  test.each(RECORD_NAMES)('%s says in both languages what it is and when it goes', (name) => {
    const { title, until, fields } = recordClass(name);
    for (const { de, en } of [title, until]) expect([de.length > 3, en.length > 3]).toEqual([true, true]);
    expect(Object.keys(fields).length).toBeGreaterThan(0);
  });

  test.each<[PrivacyClass, PrivacyClass, string]>([
    ['device', 'words', 'what somebody wrote beside their device'],
    ['device', 'count', 'a sum beside a device'],
    ['device', 'foreign', 'a number of the gateway beside the code of a device'],
    ['count', 'visit', 'a sum beside a single visit'],
    ['count', 'random', 'a sum beside a drawn word'],
    ['key', 'device', 'a key beside what was made with it'],
  ])('no record holds %s and %s: %s', (one, another) => {
    expect(RECORD_NAMES.filter((name) => classesIn(name).has(one) && classesIn(name).has(another))).toEqual([]);
  });

  test('what is about one visit does not stay longer than a day after it', () => {
    const personal = RECORD_NAMES.filter((name) => recordClass(name).subjects === 'visitors');
    expect(personal.length).toBeGreaterThan(4);
    expect(personal.filter((name) => (recordClass(name).keptFor ?? HISTORY_MS) > DAY)).toEqual([]);
  });

  test('what is nobody’s holds nothing that is about one visit, and what is somebody’s says whose', () => {
    const personal: readonly PrivacyClass[] = ['visit', 'random', 'foreign', 'device', 'words', 'key'];
    const wrong = RECORD_NAMES.filter(
      (name) => (recordClass(name).subjects === 'nobody') === personal.some((one) => classesIn(name).has(one)),
    );
    expect(wrong).toEqual([]);
    expect(Object.keys(SUBJECTS)).toContain('writers');
  });
});
