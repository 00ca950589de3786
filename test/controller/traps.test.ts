import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AccessPoint } from '../../config/schema';
import { Secret } from '../../config/secret';
import { TrapListener } from '../../controller/traps';
import type { TrapResult } from '../../core/reasons';
import { systemClock } from '../../runtime/clock';
import { describeWith } from '../support/packages';
import { freeUdpPort } from '../support/ports';
import { until } from '../support/wait';
import { readWalk, ScriptedAgent } from './agent';
import { Controller, town } from './controller';
import { ObservedStore } from './observed-store';

const COLD_START = '1.3.6.1.6.3.1.1.5.1';
const LINK_DOWN = '1.3.6.1.6.3.1.1.5.3';
const AUTHENTICATION_FAILURE = '1.3.6.1.6.3.1.1.5.5';
const USER = ['-v', '3', '-e', '0x8000000001020304', '-u', 'stadtfunk'];
const SECURE = ['-l', 'authPriv', '-a', 'SHA-256', '-A', 'auth-password', '-x', 'AES', '-X', 'priv-password'];

const v2c: AccessPoint = {
  ...{ id: 'ap-v2c', name: 'AP', site: 'school', host: '127.0.0.1', port: 161 },
  community: new Secret('public'),
};
const v3: AccessPoint = {
  ...{ id: 'ap-v3', name: 'AP', site: 'school', host: '127.0.0.3', port: 161 },
  snmp: {
    version: 'v3',
    user: 'stadtfunk',
    authentication: 'sha256',
    authPassword: new Secret('auth-password'),
    privacy: 'aes128',
    privacyPassword: new Secret('priv-password'),
  },
};

let results: TrapResult[] = [];
let asked: string[] = [];
let mayAsk = true;
let listener: TrapListener;

beforeEach(async () => {
  results = [];
  asked = [];
  mayAsk = true;
  const onTrap = (ap: string): boolean => {
    if (mayAsk) asked.push(ap);
    return mayAsk;
  };
  listener = new TrapListener({ clock: systemClock, onTrap, count: (result) => results.push(result) });
  await listener.start({ host: '127.0.0.1', port: 0 });
  await listener.follow([v2c, v3], undefined);
});
afterEach(() => listener.stop());

/** Sends a trap with Debian's snmptrap, from an address of its own if need be. */
async function trap(port: number, access: readonly string[], what = COLD_START, from = '127.0.0.1'): Promise<void> {
  const argv = [`--clientaddr=${from}`, ...access, `127.0.0.1:${port}`, '', what];
  await promisify(execFile)('snmptrap', argv, { env: { ...process.env, MIBS: '' } });
}

async function resultOf(access: readonly string[], what?: string, from?: string): Promise<TrapResult | undefined> {
  await trap(listener.port, access, what, from);
  await until('the trap is there', () => results.length > 0);
  return results[0];
}

const COMMUNITY = ['-v', '2c', '-c', 'public'];

describeWith(['snmptrap'], 'traps of Debian’s snmptrap', () => {
  test.each([
    ['coldStart', COLD_START],
    ['warmStart', '1.3.6.1.6.3.1.1.5.2'],
    ['linkDown', LINK_DOWN],
    ['linkUp', '1.3.6.1.6.3.1.1.5.4'],
  ])('%s by v2c makes the controller ask', async (_name, what) => {
    expect(await resultOf(COMMUNITY, what)).toBe('taken');
    expect(asked).toEqual(['ap-v2c']);
  });

  test('coldStart by v3, signed and encrypted, makes the controller ask', async () => {
    expect(await resultOf([...USER, ...SECURE], COLD_START, '127.0.0.3')).toBe('taken');
    expect(asked).toEqual(['ap-v3']);
  });

  test.each<[string, readonly string[], string, string, TrapResult]>([
    ['of an unknown source', COMMUNITY, COLD_START, '127.0.0.4', 'unknown-source'],
    ['with another community', ['-v', '2c', '-c', 'private'], COLD_START, '127.0.0.1', 'refused'],
    ['by v1', ['-v', '1', '-c', 'public'], '', '127.0.0.1', 'refused'],
    ['that tells something else', COMMUNITY, AUTHENTICATION_FAILURE, '127.0.0.1', 'other'],
    ['by v2c where v3 is spoken', COMMUNITY, COLD_START, '127.0.0.3', 'refused'],
    ['by v3 where v2c is spoken', [...USER, ...SECURE], COLD_START, '127.0.0.1', 'refused'],
    ['by v3 without signature', [...USER, '-l', 'noAuthNoPriv'], COLD_START, '127.0.0.3', 'refused'],
    [
      'by v3 without encryption',
      [...USER, '-l', 'authNoPriv', ...SECURE.slice(2, 6)],
      COLD_START,
      '127.0.0.3',
      'refused',
    ],
    ['by v3 with another password', [...USER, ...SECURE, '-A', 'other-password'], COLD_START, '127.0.0.3', 'refused'],
    ['by v3 of another user', [...USER.slice(0, 5), 'mallory', ...SECURE], COLD_START, '127.0.0.3', 'refused'],
  ])('one %s is dropped and counted', async (_what, access, what, from, result) => {
    const v1 = ['1.3.6.1.4.1.8072', '127.0.0.1', '0', '0', '1'];
    if (access.includes('1')) {
      await promisify(execFile)('snmptrap', [...access, `127.0.0.1:${listener.port}`, ...v1]);
      await until('the trap is there', () => results.length > 0);
    } else await resultOf(access, what, from);
    expect(results[0]).toBe(result);
    expect(asked).toEqual([]);
  });

  test('one for an access point that was asked just now is counted as too many', async () => {
    mayAsk = false;
    expect(await resultOf(COMMUNITY)).toBe('too-many');
  });

  test('one brings the next poll forward, but its word changes no state', async () => {
    const agent = new ScriptedAgent(readWalk(join(__dirname, 'fixtures', 'openwrt.snmprec')));
    const store = new ObservedStore();
    const port = await freeUdpPort();
    const base = town([{ id: 'ap-1', port: await agent.start() }]);
    const config = { ...base, controller: { ...base.controller, traps: { host: '127.0.0.1', port } } };
    const controller = new Controller(config, store);
    try {
      await controller.start();
      await controller.poll();
      const polls = async (): Promise<number> => (await controller.metric('polls_total', { result: 'answered' })) ?? 0;
      const before = await polls();
      await trap(port, COMMUNITY, LINK_DOWN);
      await until(
        'the trap is there',
        async () => (await controller.metric('snmp_traps_total', { result: 'taken' })) === 1,
      );
      expect(await controller.metric('ap_state', { state: 'up' })).toBe(1);
      await controller.clock.advance(200);
      await until('the poll is over', async () => (await polls()) === before + 1);
      expect(await controller.metric('ap_state', { state: 'up' })).toBe(1);
    } finally {
      await controller.stop();
      agent.stop();
      await store.remove();
    }
  });
});

test('no bytes from a known source end the listener', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  const junk = ['', '30', '3003020101', '30820000', `3080${'00'.repeat(40)}`, `300b0201010406${'7075626c6963'}a700`];
  for (const hex of junk) socket.send(Buffer.from(hex, 'hex'), listener.port, '127.0.0.1');
  await until('all are there', () => results.length === junk.length);
  expect(new Set(results)).toEqual(new Set(['malformed']));
  socket.close();
});
