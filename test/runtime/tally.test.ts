import { Counter, Histogram, Registry } from 'prom-client';
import { Durations, Tally } from '../../runtime/tally';

const DURATION = { name: 'duration_seconds', help: 'How long.', labelNames: ['kind'], buckets: [0.1, 0.5, 1] };
const VISITS = { name: 'visits_total', help: 'How many.', labelNames: ['gateway', 'result'] };
const GRANTS = { name: 'grants_total', help: 'How many.', labelNames: ['site'] };

test('Prometheus reads of plain numbers what it would read of prom-client, each time that it asks', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const durations = new Durations({ ...DURATION, registers: [ours] }, ['view', 'accept']);
  const visits = new Tally({ ...VISITS, registers: [ours] });
  const grants = new Tally({ ...GRANTS, registers: [ours] });
  const expected = new Histogram({ ...DURATION, registers: [theirs] });
  const expectedVisits = new Counter({ ...VISITS, registers: [theirs] });
  const expectedGrants = new Counter({ ...GRANTS, registers: [theirs] });
  for (const kind of ['view', 'accept']) expected.zero({ kind });

  visits.add('library', 'captive', 0);
  expectedVisits.inc({ gateway: 'library', result: 'captive' }, 0);
  for (let round = 0; round < 2; round++) {
    for (const seconds of [0, 0.1, 0.25, 0.5, 0.75, 1, 2]) {
      durations.took('view', seconds);
      expected.observe({ kind: 'view' }, seconds);
    }
    for (const result of ['captive', 'captive', 'online']) {
      visits.add('town-hall', result);
      expectedVisits.inc({ gateway: 'town-hall', result });
    }
    grants.add('square');
    expectedGrants.inc({ site: 'square' });
    expect(linesOf(await ours.metrics())).toEqual(linesOf(await theirs.metrics()));
    expect(await ours.getMetricsAsJSON()).toHaveLength(3);
  }
});

function linesOf(page: string): string[] {
  return page.split('\n').sort();
}
