import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { usageOf } from '../../core/session';
import { openEmbeddedStore } from '../../store/embedded/driver';
import type { Store } from '../../store/store';
import { CONTEXT, START, WHOLE_TIME } from '../contract/fixtures';
import { describeWith, findProgram } from '../support/packages';
import { childArguments, startChild } from './children';
import { SESSIONS_A_ROUND, sessionName } from './load';

const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-durability-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KILLS = 20;

/** What child.ts said was acknowledged: the highest report of each session, and every grant. */
interface Acknowledged {
  readonly reports: Map<string, number>;
  readonly grants: Set<string>;
}

function note({ reports, grants }: Acknowledged, lines: readonly string[]): void {
  for (const [what, id = '', report] of lines.map((line) => line.split(' '))) {
    if (what === 'session') reports.set(id, Math.max(reports.get(id) ?? 0, Number(report)));
    if (what === 'grant') grants.add(id);
  }
}

/** What is missing in the store, and what is in it although nobody sent it. */
async function differences(store: Store, { reports, grants }: Acknowledged): Promise<string[]> {
  const found: string[] = [];
  let download = 0;
  // Also the sessions of which the kill swallowed the first acknowledgement: they may be kept, and count.
  const all = Array.from({ length: KILLS * SESSIONS_A_ROUND }, (_, i) =>
    sessionName(Math.floor(i / SESSIONS_A_ROUND), i % SESSIONS_A_ROUND),
  );
  for (const id of all) {
    const report = reports.get(id) ?? 0;
    const session = await store.getSession('gw-1', id);
    const kept = session === undefined ? 0 : usageOf(session).downloadOctets;
    download += kept;
    if (kept < report) found.push(`${id}: ${report} acknowledged, ${kept} kept`);
    // Each session has one report under way at a time.
    if (kept > report + 1) found.push(`${id}: ${report} acknowledged, but ${kept} kept`);
  }
  for (const id of grants) if ((await store.getGrant(id, START)) === undefined) found.push(`grant ${id} lost`);
  const totals = await store.siteUsage('rathaus', WHOLE_TIME);
  const total = totals.reduce((sum, hour) => sum + hour.downloadOctets, 0);
  if (total !== download) found.push(`sessions add up to ${download}, the site’s hours to ${total}`);
  return found;
}

describe('killing the process that holds the store', () => {
  test(`${KILLS} times under load loses nothing acknowledged and doubles nothing`, async () => {
    const place = join(folder, 'killed');
    const acknowledged: Acknowledged = { reports: new Map(), grants: new Set() };
    for (let round = 0; round < KILLS; round += 1) {
      const child = startChild('load', place, round);
      await child.said('open');
      await pause(20 + CONTEXT.random.fraction() * 200);
      await child.kill();
      note(acknowledged, await child.ended());
      const store = await openEmbeddedStore(place, CONTEXT);
      expect(await differences(store, acknowledged)).toEqual([]);
      await store.close();
    }
    expect(acknowledged.reports.size).toBeGreaterThan(KILLS);
    expect(acknowledged.grants.size).toBeGreaterThan(KILLS);
  });
});

describe('a fault that nobody foresaw', () => {
  test('ends the process at once, whatever is being written', async () => {
    const children = Array.from({ length: 8 }, (_, i) => startChild('fault', join(folder, `fault-${i}`)));
    const said = await Promise.all(children.map((child) => child.ended()));
    expect(said.filter((lines) => lines.some((line) => line.includes('nobody foresaw this')))).toHaveLength(8);
  });
});

describeWith('strace', 'the system calls of the store', () => {
  test('an answer comes after fdatasync and the new root, and 64 operations share a few commits', () => {
    const trace = join(folder, 'trace');
    const place = join(folder, 'traced');
    const calls = 'trace=fdatasync,fsync,pwrite64,write';
    const strace = findProgram('strace') ?? 'strace';
    spawnSync(strace, ['-f', '-e', calls, '-o', trace, process.execPath, ...childArguments('rounds', place)]);
    const lines = readFileSync(trace, 'utf8').split('\n');
    const at = (text: string) => lines.findIndex((line) => line.includes(`"${text}`));
    for (let round = 0; round < 5; round += 1) {
      const between = lines.slice(at(`asked ${round}`), at(`answered ${round}`));
      const syncs = between.filter((line) => /fdatasync.* = 0$/.test(line));
      expect(syncs.length).toBeGreaterThanOrEqual(1);
      expect(syncs.length).toBeLessThanOrEqual(3);
      // LMDB writes the page that names the new root through a descriptor opened with O_DSYNC, after the sync.
      const lastSync = between.findLastIndex((line) => /fdatasync.* = 0$/.test(line));
      const lastRoot = between.findLastIndex((line) => /pwrite64\(\d+, .*, 128, \d+/.test(line));
      expect(lastRoot).toBeGreaterThan(lastSync);
    }
  });
});
