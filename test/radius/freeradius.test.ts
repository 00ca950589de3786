import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Grant } from '../../core/grant';
import { DeviceAddress } from '../../core/mac';
import { HOUR, SECOND } from '../../core/time';
import { type Attribute, integerAttribute, textAttribute } from '../../radius/wire/attributes';
import { describeWith } from '../support/packages';
import { freeUdpPort } from '../support/ports';
import { type RunningProcess, startProgram } from '../support/process';
import { until } from '../support/wait';
import { accountingRequest, BareGateway } from './client';
import { Town } from './town';

const SECRET = 'only-for-these-vectors-4wP';
const WORD = 'kq3Vn0cYx2mZ7bL9tR4w_A';

/** FreeRADIUS on the side of the gateway: it takes CoA- and Disconnect-Requests and knows the sessions 0A1…. */
const configuration = (folder: string, port: number): string => `
prefix = /usr
logdir = ${folder}
run_dir = ${folder}
libdir = /usr/lib/freeradius
name = radiusd
pidfile = ${folder}/radiusd.pid
log { destination = stdout }
security { reject_delay = 0 }
proxy_requests = no
thread pool {
  start_servers = 1
  max_servers = 1
  min_spare_servers = 1
  max_spare_servers = 1
}
client us {
  ipaddr = 127.0.0.1
  secret = "${SECRET}"
}
modules {
  always ok {
    rcode = ok
  }
  always reject {
    rcode = reject
  }
}
server orders {
  listen {
    type = coa
    ipaddr = 127.0.0.1
    port = ${port}
  }
  recv-coa {
    if (&Acct-Session-Id =~ /^0A1/) {
      ok
    }
    else {
      update reply {
        Error-Cause := Session-Context-Not-Found
      }
      reject
    }
  }
  send-coa {
    ok
  }
}
`;

describeWith('freeradius', "orders to Debian's FreeRADIUS in the place of a gateway", () => {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-freeradius-'));
  let freeradius: RunningProcess;
  let town: Town;
  let gateway: BareGateway;

  beforeAll(async () => {
    const port = await freeUdpPort();
    writeFileSync(join(folder, 'radiusd.conf'), configuration(folder, port), { mode: 0o600 });
    writeFileSync(join(folder, 'dictionary'), '');
    freeradius = startProgram('freeradius', ['-f', '-X', '-d', folder, '-n', 'radiusd']);
    await until('FreeRADIUS runs', () => freeradius.output().includes('Ready to process requests') || undefined);
    town = await Town.open();
    town.useGateways([
      {
        ...{ id: 'chilli', kind: 'coovachilli', site: 'rathaus', uam: { address: '127.0.0.1' } },
        radius: { clients: ['127.0.0.1'], secret: SECRET, dynamicAuthorization: { port } },
      },
    ]);
    gateway = await BareGateway.open('127.0.0.1', Buffer.from(SECRET));
  });

  afterAll(async () => {
    gateway?.close();
    await town?.close();
    await freeradius?.end('SIGTERM');
    rmSync(folder, { recursive: true });
  });

  /** A visitor is online under this session id. */
  async function online(sessionId: string, number: number): Promise<Grant> {
    const device = DeviceAddress.parse(`02-11-22-33-44-5${number}`);
    if (device === undefined) throw new Error('not a device address');
    const now = town.clock.now();
    const { grant } = await town.store.putGrant({
      ...{ site: 'rathaus', gateway: 'chilli', device, termsVersion: '2026-11', language: 'de' },
      ...{ now, expiresAt: now + HOUR, withCredential: false },
    });
    const attributes: Attribute[] = [
      integerAttribute('Acct-Status-Type', 1),
      textAttribute('Acct-Session-Id', sessionId),
      textAttribute('User-Name', WORD),
      textAttribute('Class', grant.id),
    ];
    await gateway.ask(accountingRequest(1, attributes, Buffer.from(SECRET)), town.role.accountingPort);
    return grant;
  }

  const settled = async (sessionId: string) => {
    await town.clock.advance(SECOND);
    return until('it has answered', async () => {
      return (await town.store.getEnd({ gateway: 'chilli', sessionId }))?.settled?.result;
    });
  };

  test('it reads every limit, and its CoA-ACK is believed', async () => {
    await online('0A1B', 1);
    await town.store.orderLimits({ gateway: 'chilli' }, town.clock.now());
    expect(await settled('0A1B')).toBe('done');
    for (const line of [
      `User-Name = "${WORD}"`,
      'Acct-Session-Id = "0A1B"',
      'Session-Timeout = 3600',
      'Idle-Timeout = 1800',
      'Acct-Interim-Interval = 300',
      'WISPr-Bandwidth-Max-Up = 5000000',
      'WISPr-Bandwidth-Max-Down = 20000000',
    ]) {
      expect(freeradius.output()).toContain(line);
    }
    expect(freeradius.output()).toContain('Sent CoA-ACK');
  });

  test.each([
    ['limits', 2],
    ['end', 3],
  ] as const)('its NAK to %s of a session that it does not know is read as that', async (kind, number) => {
    const sessionId = `FFFF-${kind}`;
    const grant = await online(sessionId, number);
    if (kind === 'end') await town.store.orderEnd({ grant: grant.id }, town.clock.now());
    else await town.store.orderLimits({ gateway: 'chilli' }, town.clock.now());
    expect(await settled(sessionId)).toBe('session-unknown');
  });

  test('its Disconnect-ACK is believed', async () => {
    const grant = await online('0A1C', 4);
    await town.store.orderEnd({ grant: grant.id }, town.clock.now());
    expect(await settled('0A1C')).toBe('done');
    expect(freeradius.output()).toContain('Sent Disconnect-ACK');
  });
});
