import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { labNeeds } from '../lab/lab';
import { addressCanaries, canaries, searchFiles } from '../support/canary';
import { describeWith } from '../support/packages';
import { until } from '../support/wait';
import { accept, captiveAgain, FASKEY, online, SESSION_SECONDS, type Town, townUp } from './opennds-town';

const DEVICES = ['02:00:5e:20:00:01', '02:00:5e:20:00:02'];
const RUNNING = 'stadtfunk_sessions{site="rathaus"}';

/** What phones and computers ask to learn whether they are online, and the answer when they are. */
const PROBES = [
  { system: 'Android', url: 'http://connectivitycheck.gstatic.com/generate_204', status: 204, body: '' },
  { system: 'iOS', url: 'http://captive.apple.com/hotspot-detect.html', status: 200, body: 'Success' },
  { system: 'Windows', url: 'http://www.msftconnecttest.com/connecttest.txt', status: 200, body: 'Microsoft Connect' },
];

/*
 * Three access points side by side, one at each level that Debian's openNDS 9.10 has besides 0; sessions last a minute,
 * and what happens meanwhile happens to the second visitor.
 */
describeWith([...labNeeds, 'chromium', 'busybox'], 'Debian’s openNDS with our agent, Chromium as the visitor', () => {
  let towns: Town[] = [];
  const acceptedAt = new Map<Town, number>();

  beforeAll(async () => {
    towns = await Promise.all([townUp(1), townUp(2), townUp(3)]);
  });

  afterAll(() => Promise.all(towns.map((town) => town.down())));

  const everywhere = (what: (town: Town) => Promise<unknown>): Promise<unknown> => Promise.all(towns.map(what));
  const sessions = (town: Town, number: number): Promise<unknown> =>
    until(`${number} sessions are known at level ${town.level}`, async () => {
      return (
        (await town.product.metric(RUNNING)) === number ||
        (number === 0 && (await town.product.metric(RUNNING)) === undefined)
      );
    }).catch(town.lab.explain);
  const grants = (town: Town) => town.product.metric('stadtfunk_portal_grants_total{site="rathaus"}');

  test('whatever a device asks is redirected to the portal', async () => {
    await everywhere(async ({ lab, portal }) => {
      for (const { url } of PROBES) {
        const { status, location } = await lab.curl('client1', url);
        expect(status).toBe(307);
        expect(new URL(location).origin).toBe(portal);
        expect(new URL(location).pathname).toMatch(/^\/opennds\/lab/);
      }
    });
  });

  test('the button leads this device online and no other, and the page after it says until when', async () => {
    await everywhere(async (town) => {
      await town.visit('client1', async (page) => {
        const before = Date.now();
        await accept(town, page);
        acceptedAt.set(town, before);
        const saysUntil = Date.parse((await page.locator('time').getAttribute('datetime')) ?? '');
        const saysSince = saysUntil - SESSION_SECONDS * 1000;
        expect(saysSince).toBeGreaterThan(before - 1_000);
        expect(saysSince).toBeLessThan(Date.now() + 1_000);
        await online(town, 'client1');
        // Another name than before: Chromium may keep a spare connection from before, which leads to openNDS for ever.
        await page.goto('http://news.example/');
        expect(await page.locator('p').textContent()).toBe('This is news.example');
      });
      expect(await grants(town)).toBe(1);
      expect(await town.lab.check('client2')).toMatch(/^captive/);
      for (const { url, status, body } of PROBES) {
        const answer = await town.lab.curl('client1', url);
        expect(answer).toMatchObject({ status, location: '' });
        expect(answer.body).toContain(body);
      }
    });
  });

  test('the agent reports the session, and what it uses', async () => {
    await everywhere(async (town) => {
      await sessions(town, 1);
      await town.lab.curl('client1', 'http://example.test/bytes?n=300000');
    });
  });

  test('the second visitor comes, ends the connection, and is before the portal again', async () => {
    await everywhere(async (town) => {
      await town.visit('client2', async (page) => {
        await accept(town, page);
        await online(town, 'client2');
        await sessions(town, 2);
        await page.getByRole('button', { name: /beenden|trennen/i }).click();
        await captiveAgain(town, 'client2');
      });
      await sessions(town, 1);
      expect(await town.lab.check('client1')).toBe('online');
    });
  });

  test('an access point with another faskey gets nobody online: the visitor reads why and whom to tell', async () => {
    const town = towns.find(({ level }) => level === 2);
    if (town === undefined) throw new Error('there is no level 2');
    const { product } = town;
    const file = join(product.folder, 'town.yaml');
    const right = readFileSync(file, 'utf8');
    const reload = async (text: string, status: number): Promise<void> => {
      writeFileSync(file, text);
      process.kill(product.pid(), 'SIGHUP');
      const { location } = await town.lab.curl('client2', 'http://example.test/');
      await until(
        'the configuration is in use',
        async () => (await town.lab.curl('client2', location)).status === status,
      );
    };
    await reload(right.replaceAll(FASKEY, 'aQ2wS4eD6rF8tG1h'), 400);
    await town.visit('client2', async (page) => {
      const response = await page.goto('http://example.test/');
      expect(response?.status()).toBe(400);
      expect(await page.getByRole('button').count()).toBe(0);
      expect(await page.locator('body').textContent()).toContain('wlan@teststadt.example');
    });
    expect(await town.lab.check('client2')).toMatch(/^captive/);
    expect(await grants(town)).toBe(2);
    await reload(right, 200);
  });

  test('when the time is over the first visitor is before the portal again, and one tap leads online again', async () => {
    await everywhere(async (town) => {
      await captiveAgain(town, 'client1', 120_000);
      const lastedSeconds = (Date.now() - (acceptedAt.get(town) ?? 0)) / 1000;
      expect(lastedSeconds).toBeGreaterThan(SESSION_SECONDS - 2);
      await sessions(town, 0);
      await town.visit('client1', (page) => accept(town, page));
      await online(town, 'client1');
      await sessions(town, 1);
    });
  });

  test('the operator ends all sessions: the agent tells openNDS, and the visitor is before the portal again', async () => {
    await everywhere(async (town) => {
      const said = await town.command('sessions', 'end', '--gateway', 'lab');
      expect(said).toContain('lab: 1 of 1 sessions ended');
      expect(await town.lab.check('client1')).toMatch(/^captive/);
      await sessions(town, 0);
    });
  });

  test('no address of a device is in the store, the log, the metrics or what the agent keeps, in any form', async () => {
    await everywhere(async ({ lab, product }) => {
      const lease = await lab.run('client1', 'ip', '-4', '-o', 'addr', 'show', 'eth0');
      const address = /inet ([\d.]+)/.exec(lease)?.[1] ?? '';
      expect(address).toMatch(/^10\.77\.0\.1\d\d$/);
      writeFileSync(join(product.folder, 'log.txt'), product.output());
      writeFileSync(
        join(product.folder, 'metrics.txt'),
        (await lab.place('srv').get(`${product.opsUrl}/metrics`)) ?? '',
      );
      const kept = await lab.run('gw', 'sh', '-c', 'tar c -C /tmp stadtfunk-agent | base64 -w0');
      writeFileSync(join(product.folder, 'agent.tar'), Buffer.from(kept, 'base64'));
      const needles = [...DEVICES.flatMap(canaries), ...addressCanaries(address)];
      expect(searchFiles(product.folder, needles)).toEqual([]);

      writeFileSync(join(product.folder, 'planted.txt'), `${DEVICES[0]} at ${address}`);
      expect(searchFiles(product.folder, needles)).toHaveLength(2);
    });
  });
});
