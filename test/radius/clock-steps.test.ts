import { isStopped, usageOf } from '../../core/session';
import { HOUR, MINUTE, SECOND } from '../../core/time';
import { integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { CODE } from '../../radius/wire/packet';
import { accountingRequest, BareGateway } from './client';
import { NOW, Town } from './town';

const SECRET = 'tK8!only-for-clocks-that-are-set';
const START = 1;
const STOP = 2;
const INTERIM = 3;

const of = (kind: string, client: string, more: object = {}) => {
  return { id: `gw-${kind}`, kind, site: 'rathaus', ...more, radius: { clients: [client], secret: SECRET } };
};
const uam = { address: '127.0.0.1' };
const KINDS = {
  // hostapd goes on with an id after a Stop, and tells when each thing happened.
  hostapd: { source: '127.0.0.4', tellsTime: true, config: of('hostapd', '127.0.0.4') },
  // radcli, by which uspot speaks, tells no time; the ids are drawn.
  uspot: { source: '127.0.0.5', tellsTime: false, config: of('uspot', '127.0.0.5', { uam }) },
  coovachilli: { source: '127.0.0.6', tellsTime: true, config: of('coovachilli', '127.0.0.6', { uam }) },
};

describe.each(Object.entries(KINDS))(
  'a session at %s while our clock is set',
  (kind, { source, tellsTime, config }) => {
    let town: Town;
    let gateway: BareGateway;
    beforeAll(async () => {
      town = await Town.open(undefined, { gateways: [config] });
      gateway = await BareGateway.open(source, Buffer.from(SECRET));
    });
    afterAll(async () => {
      gateway.close();
      await town.close();
    });

    /** What the gateway reports so many seconds after the session began, by a clock that nobody sets. */
    let identifier = 0;
    const report = async (sessionId: string, began: number, status: number, seconds: number) => {
      const counted = [
        integerAttribute('Acct-Session-Time', seconds),
        integerAttribute('Acct-Input-Octets', seconds * 10),
        integerAttribute('Acct-Output-Octets', seconds * 100),
      ];
      const attributes = [
        integerAttribute('Acct-Status-Type', status),
        textAttribute('Acct-Session-Id', sessionId),
        ...(tellsTime ? [integerAttribute('Event-Timestamp', Math.floor(began / SECOND) + seconds)] : []),
        ...(status === START ? [] : counted),
      ];
      const packet = accountingRequest(++identifier & 0xff, attributes, Buffer.from(SECRET));
      expect((await gateway.ask(packet, town.role.accountingPort))[0]).toBe(CODE.accountingResponse);
    };

    test.each([
      ['ahead by an hour', [HOUR]],
      ['back by an hour', [-HOUR]],
      ['ahead and back again', [HOUR, -HOUR]],
      ['again and again', [HOUR, HOUR, -HOUR, -HOUR, -HOUR]],
    ])('%s: counts once and ends', async (title, steps) => {
      let elapsed = 0;
      const began = NOW;
      const pass = async (seconds: number) => {
        elapsed += seconds;
        await town.clock.advance(seconds * SECOND);
      };
      town.clock.step(NOW - town.clock.now());
      await report(title, began, START, 0);
      for (const step of steps) {
        await pass(5 * 60);
        await report(title, began, INTERIM, elapsed);
        town.clock.step(step);
      }
      await pass(5 * 60);
      await report(title, began, INTERIM, elapsed);
      await pass(60);
      await report(title, began, STOP, elapsed);
      const session = await town.store.getSession(`gw-${kind}`, title);
      if (session === undefined) throw new Error('no session');
      const [more, less] = [elapsed * 100, elapsed * 10];
      const [downloadOctets, uploadOctets] = kind === 'coovachilli' ? [less, more] : [more, less];
      expect(usageOf(session)).toEqual({ seconds: elapsed, downloadOctets, uploadOctets });
      expect(isStopped(session)).toBe(true);
    });

    if (kind !== 'hostapd') return;

    test('a life that began anew under the same id still counts beside the former', async () => {
      town.clock.step(NOW - town.clock.now());
      await report('anew', NOW, START, 0);
      await report('anew', NOW, STOP, 100);
      town.clock.step(HOUR);
      await report('anew', NOW + 2 * MINUTE, START, 0);
      await report('anew', NOW + 2 * MINUTE, INTERIM, 300);
      const session = await town.store.getSession('gw-hostapd', 'anew');
      expect(session && usageOf(session)).toMatchObject({ seconds: 400, downloadOctets: 40_000 });
    });
  },
);
