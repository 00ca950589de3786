import { Gauge, Registry } from 'prom-client';
import { metricsPage } from '../../runtime/ops-page';
import { OpsServer } from '../../runtime/ops-server';

test('a figure that cannot be read costs the scrape, not the process', async () => {
  const registry = new Registry();
  new Gauge({
    name: 'broken',
    help: 'A figure that cannot be read.',
    registers: [registry],
    collect() {
      throw new Error('no figure');
    },
  });
  async function* nothing(): AsyncGenerator<string> {}
  const pages = new Map([['/metrics', metricsPage(registry, nothing)]]);
  const ops = new OpsServer({ host: '127.0.0.1', port: 0 }, pages, () => []);
  await ops.start();
  try {
    const answer = await fetch(`http://127.0.0.1:${ops.port}/metrics`, { signal: AbortSignal.timeout(2_000) });
    expect([answer.status, await answer.text()]).toEqual([500, 'Error: no figure\n']);
  } finally {
    await ops.stop();
  }
});
