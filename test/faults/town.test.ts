import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECOND } from '../../core/time';
import { adminToken } from '../../runtime/admin';
import { systemClock } from '../../runtime/clock';
import { TEST_KEY } from '../support/product';
import { until } from '../support/wait';
import { Evidence } from './evidence';
import { DRILL_MS, figures, inForm } from './forms';
import { type RunningTown, startTown } from './running-town';
import { connectFrom, drip, ended } from './strangers';

/** In its full form the portal has the limits that it has by itself. */
const REQUEST_SECONDS = inForm(4, 20);
const MOST_CONNECTIONS = inForm(1_200, 4_096);
const IDLE_CONNECTIONS = inForm(2_500, 20_000);
const FROM_EACH = inForm(100, 500);
const OPS_REQUEST_MS = 10 * SECOND;
/** For a machine that is busy with everything else. */
const MARGIN_MS = 20 * SECOND;

describe('a town on a hard day', () => {
  let town: RunningTown;
  beforeAll(async () => {
    const limits = { connections: MOST_CONNECTIONS, requestSeconds: REQUEST_SECONDS };
    town = await startTown({ path: './data' }, (portal) => ({ portal: { ...portal, limits } }));
  });
  afterAll(() => town.remove());

  /** A browser tries again when a connection that it had kept is gone. */
  const gotIn = () =>
    until('a visitor gets in', async () => (await town.walkIn('rathaus').catch(() => undefined))?.status === 303);
  const residentOctets = async () => (await town.product.metric('stadtfunk_process_resident_memory_bytes')) ?? 0;

  test(
    'idle-connections: thousands that say nothing do not keep a visitor out',
    async () => {
      const evidence = new Evidence('idle-connections');
      const before = await residentOctets();
      let open = 0;
      for (let i = 0; i < IDLE_CONNECTIONS; i += 50) {
        const some = await Promise.all(
          Array.from({ length: 50 }, (_, j) => {
            const source = Math.floor((i + j) / FROM_EACH);
            return connectFrom(town.product.ports.portal, `127.9.${source >> 8}.${(source & 0xff) + 1}`);
          }),
        );
        open += some.filter((socket) => socket !== undefined).length;
        for (const socket of some) socket?.unref();
      }
      const asked = systemClock.monotonic();
      await gotIn();
      const visitorMs = Math.round(systemClock.monotonic() - asked);
      await evidence.metric(town.product, 'stadtfunk_portal_dropped_total{reason="full"}', (count) => count > 0);
      const grown = Math.round(((await residentOctets()) - before) / 2 ** 20);
      figures('idle-connections', { opened: open, visitorMs, grownMegabytes: grown });
      expect(grown).toBeLessThan(150);
      evidence.isWhatTheTableTells();
    },
    DRILL_MS,
  );

  test(
    'slow-readers: whoever sends octet by octet is put out, at every endpoint',
    async () => {
      const evidence = new Evidence('slow-readers');
      const { portal, ops } = town.product.ports;
      const to = async (port: number) => {
        const socket = await connectFrom(port);
        if (socket === undefined) throw new Error('no connection');
        return socket;
      };
      const slow = async (port: number, text: string) => {
        const socket = await to(port);
        drip(socket.resume(), text, 500);
        return ended(socket);
      };
      const form = `POST /accept HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\n`;
      const post = async () => {
        const socket = await to(portal);
        socket.resume().write(form);
        drip(socket, 'x'.repeat(500), 500);
        return ended(socket);
      };
      const command = async () => {
        const socket = await to(ops);
        const head = `POST /admin/sessions/end HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${adminToken(TEST_KEY)}`;
        socket.resume().write(`${head}\r\nContent-Length: 500\r\n\r\n`);
        drip(socket, '{'.repeat(500), 500);
        return ended(socket);
      };
      const headers = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(500)}`;
      const outcomes = Promise.all([slow(portal, headers), post(), slow(ops, headers), command()]);
      await gotIn();
      const took = await outcomes;
      figures('slow-readers', { longestMs: Math.max(...took) });
      expect(Math.max(...took)).toBeLessThan(Math.max(OPS_REQUEST_MS, REQUEST_SECONDS * SECOND) + MARGIN_MS);
      evidence.isWhatTheTableTells();
    },
    DRILL_MS,
  );

  test('configuration-mistake: a reload with a mistake changes nothing and says where the mistake is', async () => {
    const evidence = new Evidence('configuration-mistake');
    const { product } = town;
    const file = join(product.folder, 'town.yaml');
    const good = readFileSync(file, 'utf8');
    const said = product.output().length;
    writeFileSync(file, good.replace('kind: uspot', 'kind: uspott'));
    process.kill(product.pid(), 'SIGHUP');
    await evidence.metric(product, 'stadtfunk_config_last_reload_successful', (value) => value === 0);
    await evidence.logged(product, 'reload-refused', /gateways\[0\]\.kind.*uspott/, said);
    expect((await town.walkIn('rathaus')).status).toBe(303);
    writeFileSync(file, good);
    process.kill(product.pid(), 'SIGHUP');
    await evidence.metric(product, 'stadtfunk_config_last_reload_successful', (value) => value === 1);
    evidence.isWhatTheTableTells();
  });

  test('gateway-restarted: its sessions are over at once, and what they had used stays', async () => {
    const evidence = new Evidence('gateway-restarted');
    const { product, at } = town;
    const gateway = at('schule');
    for (const sessionId of ['a', 'b', 'c']) {
      expect(await gateway.account({ sessionId, seconds: 60, downloadOctets: 5_000 })).toBe(true);
    }
    await evidence.metric(product, 'stadtfunk_sessions{site="schule"}', (count) => count === 3);
    expect(await gateway.accountingOn()).toBe(true);
    await evidence.metric(product, 'stadtfunk_sessions{site="schule"}', (count) => count === 0);
    await evidence.metric(product, 'stadtfunk_radius_accounting_records_total{kind="on"}', (count) => count === 1);
    const octets = 'stadtfunk_site_octets_total{site="schule",direction="download"}';
    await until('the octets are counted', async () => (await product.metric(octets)) === 15_000);
    // What was under way when it lost its power comes again, under a new session.
    expect(await gateway.account({ sessionId: 'd', seconds: 5, downloadOctets: 7 })).toBe(true);
    expect(await product.metric(octets)).toBe(15_007);
    evidence.isWhatTheTableTells();
  });
});
