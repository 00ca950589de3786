import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEVICE_HEADER, type SimulatedGateway } from '../../demo/gateway';
import { walkIn } from '../../demo/visitors';
import { canaries, searchFiles } from '../support/canary';
import { getIn, operate, startGateway } from '../support/gateway';
import { describeWith } from '../support/packages';
import { type Product, prepareProduct } from '../support/product';
import { type RedisServer, startRedis } from '../support/redis';
import { until } from '../support/wait';

const DEVICE = '02:5a:7e:c3:19:f4';
const PATIENCE_MS = 60_000;

describeWith(['redis-server', 'redis-cli'], 'a town whose store lies in Redis', () => {
  let redis: RedisServer;
  let product: Product;
  let gateway: SimulatedGateway;

  beforeAll(async () => {
    redis = await startRedis(['appendonly yes', 'appendfsync everysec', 'rdbcompression no']);
    const store = { kind: 'redis', redis: { server: `127.0.0.1:${redis.port}` } };
    product = await prepareProduct(() => ({ store, log: { level: 'debug' } }));
    await product.start();
    gateway = await startGateway(product);
  });
  afterAll(async () => {
    await gateway.stop();
    await product.remove();
    await redis.end();
  });
  const sessions = () => product.metric('stadtfunk_sessions{site="rathaus"}');

  test('the start says what it may lose, a visitor gets online, and a killed product knows of them again', async () => {
    expect(product.output()).toMatch(/up to a second.*"event":"store-warning"/);
    await getIn(gateway, DEVICE);
    expect(await sessions()).toBe(1);
    await product.end('SIGKILL');
    await product.start();
    expect(await sessions()).toBe(1);
    await fetch(`${gateway.url}/logoff`, { headers: { [DEVICE_HEADER]: DEVICE }, redirect: 'manual' });
    await until('the session is over', async () => (await sessions()) === 0, PATIENCE_MS);
  });

  test('without Redis nobody new gets online, and it goes on by itself when Redis is there again', async () => {
    const walk = () => walkIn(gateway.url, '02:5a:7e:c3:19:f5');
    await redis.process.end('SIGKILL');
    expect(await walk()).toMatchObject({ online: false });
    await redis.restart();
    await until('a visitor gets online', async () => (await walk()).online, PATIENCE_MS);
  });

  test('no visitor’s address is found in the files of Redis, in the log at level debug or in an export', async () => {
    expect(product.output()).toContain('"level":"debug"');
    writeFileSync(join(redis.folder, 'log.txt'), product.output());
    await product.end('SIGTERM');
    redis.cli('save');
    const { code, output } = await operate(product, 'store', 'export', join(redis.folder, 'export'));
    expect({ code, output }).toMatchObject({ code: 0 });
    const needles = canaries(DEVICE.replaceAll(':', ''));
    expect(searchFiles(redis.folder, needles)).toEqual([]);
    expect(searchFiles(redis.folder, [Buffer.from('gw-rathaus')]).length).toBeGreaterThan(0);
  });
});
