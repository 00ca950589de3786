import { SECOND } from '../../core/time';
import { systemClock } from '../../runtime/clock';
import { describeWith, needsRoot } from '../support/packages';
import { startProgram } from '../support/process';
import { until } from '../support/wait';
import { Evidence } from './evidence';
import { Flood } from './flood';
import { DRILL_MS, figures, inForm } from './forms';
import { type RunningTown, startTown } from './running-town';

const SECONDS = inForm(4, 60);
const DROPPED = 'stadtfunk_radius_dropped_total{reason="overloaded"}';
/** Each commit takes at most 1,024 records: four thousand a second, a fifth of what comes. */
const COMMIT_MS = 250;

describeWith([needsRoot, 'strace'], 'a town that is asked for more than it can keep', () => {
  let town: RunningTown;
  beforeAll(async () => {
    town = await startTown({ path: './data' });
  });
  afterAll(() => town.remove());

  /** How fast a disk is differs from machine to machine; this one is slow everywhere. @returns what makes it fast again */
  function slowDisk(): () => Promise<unknown> {
    const delay = `inject=fdatasync,fsync,msync:delay_enter=${COMMIT_MS * 1_000}`;
    const trace = ['-f', '-q', '-o', '/dev/null', '-e', 'trace=fdatasync,fsync,msync', '-e', delay];
    const strace = startProgram('strace', [...trace, '-p', `${town.product.pid()}`]);
    return () => strace.end('SIGTERM');
  }

  test(
    'overload: ten times as much as fits is answered as far as it goes, and is over when it is over',
    async () => {
      const evidence = new Evidence('overload');
      const { product, at, walkIn, newDevice } = town;
      const holder = newDevice();
      expect((await walkIn('schule', holder)).status).toBe(303);
      const quick = slowDisk();
      const flood = new Flood(at('park').secret, product.ports.accounting, '127.0.2.1');
      let over = false;
      const lasted = flood.run(SECONDS * SECOND).finally(() => {
        over = true;
      });
      const pages: number[] = [];
      let logins = 0;
      while (!over) {
        const asked = systemClock.monotonic();
        // Who was let in before comes back meanwhile; somebody new gets in, later, or reads that it takes too long.
        const [login, page] = await Promise.all([at('schule').login(holder), walkIn('rathaus')]);
        expect(login?.accepted).toBe(true);
        expect([303, 503]).toContain(page.status);
        logins += 1;
        pages.push(systemClock.monotonic() - asked);
      }
      const sent = await lasted;
      await quick();
      const calm = systemClock.monotonic();
      expect(await at('rathaus').account({ sessionId: 'after', seconds: 1, downloadOctets: 1 })).toBe(true);
      const recoveredMs = Math.round(systemClock.monotonic() - calm);
      await until('somebody new gets in', async () => (await walkIn('rathaus')).status === 303);
      await evidence.metric(product, DROPPED, (count) => count > 0);
      const dropped = (await product.metric(DROPPED)) ?? 0;
      figures('overload', {
        ...{ sent, answered: flood.answered, perSecond: Math.round(flood.answered / SECONDS), dropped, logins },
        ...{ slowestPageMs: Math.round(Math.max(...pages)), recoveredMs },
      });
      expect(flood.answered).toBeGreaterThan(100);
      expect(dropped + flood.answered).toBeLessThanOrEqual(sent);
      expect(recoveredMs).toBeLessThan(inForm(20, 2) * SECOND);
      evidence.isWhatTheTableTells();
    },
    DRILL_MS,
  );
});
