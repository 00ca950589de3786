import { once } from 'node:events';
import { connect } from 'node:net';
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

test('who asks again before the answer is there is put out: no pages are made for somebody who may never read them', async () => {
  let made = 0;
  const registry = new Registry();
  async function* page(): AsyncGenerator<string> {
    made += 1;
    yield 'a figure\n';
  }
  const ops = new OpsServer(
    { host: '127.0.0.1', port: 0 },
    new Map([['/metrics', metricsPage(registry, page)]]),
    () => [],
  );
  await ops.start();
  try {
    const socket = connect(ops.port, '127.0.0.1').on('error', () => {});
    const closed = once(socket, 'close');
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_000));
    socket.resume();
    await closed;
    expect(made).toBeLessThanOrEqual(1);

    // One after the other over one connection, as Prometheus does it.
    const url = `http://127.0.0.1:${ops.port}/metrics`;
    for (let i = 0; i < 20; i++) expect(await (await fetch(url)).text()).toContain('a figure');
  } finally {
    await ops.stop();
  }
});
