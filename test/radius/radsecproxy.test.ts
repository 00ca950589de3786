import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describeWith } from '../support/packages';
import { freeUdpPort } from '../support/ports';
import { type RunningProcess, startProgram } from '../support/process';
import { until } from '../support/wait';
import { Authority, type Pair } from './certificates';
import { openRadsecTown } from './radsec-town';
import { DEVICE, type GatewayName, type Town } from './town';

const SECRET = 'between-gateway-and-proxy';

/** Debian's radsecproxy on a gateway: takes its RADIUS packets by UDP and brings them to us. */
class Radsecproxy {
  readonly #process: RunningProcess;
  readonly #port: number;

  private constructor(process: RunningProcess, port: number) {
    this.#process = process;
    this.#port = port;
  }

  static async start(authority: Authority, { certificate, key }: Pair, radsecPort: number): Promise<Radsecproxy> {
    const port = await freeUdpPort();
    const file = authority.path(`radsecproxy-${port}.conf`);
    writeFileSync(
      file,
      `ListenUDP 127.0.0.1:${port}
LogLevel 2
LoopPrevention off
tls default {
  CACertificateFile ${authority.certificate}
  CertificateFile ${certificate}
  CertificateKeyFile ${key}
}
client gateway {
  host 127.0.0.1
  type udp
  secret ${SECRET}
}
server stadtfunk {
  host 127.0.0.1
  port ${radsecPort}
  type tls
  secret radsec
  StatusServer auto
}
realm * {
  server stadtfunk
  accountingServer stadtfunk
}
`,
    );
    return new Radsecproxy(startProgram('radsecproxy', ['-f', '-c', file]), port);
  }

  /** Lets radclient send one packet to it; the type of the answer, '' if there was none. */
  async radclient(command: 'auth' | 'acct', lines: readonly string[]): Promise<string> {
    const args = ['-x', '-r', '4', '-t', '2', `127.0.0.1:${this.#port}`, command, SECRET];
    const output = await new Promise<string>((resolve) => {
      const child = execFile('radclient', args, (_error, out, err) => resolve(out + err));
      child.stdin?.end([...lines, ''].join('\n'));
    });
    return /^Received (\S+)/m.exec(output)?.[1] ?? '';
  }

  async stop(): Promise<void> {
    await this.#process.end('SIGTERM');
  }
}

describeWith(['radsecproxy', 'radclient', 'openssl'], 'Debian’s radsecproxy', () => {
  let authority: Authority;
  let town: Town;
  let rathaus: Radsecproxy;
  let bibliothek: Radsecproxy;

  beforeAll(async () => {
    authority = new Authority();
    town = await openRadsecTown(authority, authority.issue('radius.example', 'IP:127.0.0.1'));
    const { radsecPort } = town.role;
    rathaus = await Radsecproxy.start(authority, authority.issue('rathaus'), radsecPort);
    bibliothek = await Radsecproxy.start(authority, authority.issue('x', 'DNS:bibliothek.example'), radsecPort);
    for (const gateway of ['gw-rathaus', 'gw-bibliothek']) await connected(gateway);
  });
  afterAll(async () => {
    await Promise.all([rathaus.stop(), bibliothek.stop()]);
    await town.close();
    authority.remove();
  });

  function connected(gateway: string): Promise<true> {
    return until(`${gateway} is connected`, async () => {
      return (await town.metric('radius_radsec_connections', { gateway })) === 1 || undefined;
    });
  }

  async function login(proxy: Radsecproxy, gateway: GatewayName): Promise<string> {
    const { username, password } = await town.credential(gateway);
    return proxy.radclient('auth', [
      `User-Name = "${username}"`,
      `User-Password = "${password}"`,
      `Calling-Station-Id = "${DEVICE}"`,
      'Message-Authenticator = 0x00',
    ]);
  }

  test('brings logins, their refusals and accounting over one connection [RFC 6614 2.1]', async () => {
    expect(await login(rathaus, 'gw-rathaus')).toBe('Access-Accept');
    expect(await rathaus.radclient('auth', ['User-Name = "guest"', 'User-Password = "guess"'])).toBe('Access-Reject');
    const record = ['User-Name = "x"', 'Acct-Status-Type = Start', 'Acct-Session-Id = "P1"'];
    expect(await rathaus.radclient('acct', record)).toBe('Accounting-Response');
    expect(await town.store.getSession('gw-rathaus', 'P1')).toBeDefined();
    expect(await town.metric('radius_radsec_connections', { gateway: 'gw-rathaus' })).toBe(1);
  });

  test('two behind one address are two gateways, by their certificates', async () => {
    expect(await login(bibliothek, 'gw-rathaus')).toBe('Access-Reject');
    expect(await town.metric('radius_rejects_total', { reason: 'credential-other-gateway' })).toBe(1);
    expect(await login(bibliothek, 'gw-bibliothek')).toBe('Access-Accept');
  });

  test('finds out that we answer Status-Server, its watchdog [RFC 5997]', async () => {
    await until('it has asked', async () => (await town.metric('radius_requests_total', { kind: 'status' })) > 0);
  });
});
