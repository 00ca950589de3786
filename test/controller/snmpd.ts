import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../support/packages';
import { freeUdpPort } from '../support/ports';
import { until } from '../support/wait';

/** As OpenWrt's snmpd is configured by default (community, views, sysName), with the script for clients added. */
const CONFIGURATION = `
com2sec ro default public
com2sec6 ro default public
group public v1 ro
group public v2c ro
view all included .1
access public "" any noauth exact all none none
sysLocation office
sysContact bofh@example.com
sysName HeartOfGold
extend clients-wlan /bin/echo 7
engineID stadtfunk-test
createUser stadtfunk SHA-256 "Sommer-am-See" AES "Winter-im-Wald"
createUser strong SHA-512 "Sommer-am-See" AES-256 "Winter-im-Wald"
createUser unsigned
rouser stadtfunk priv
rouser strong priv
`;

/** Debian's snmpd on a loopback port of its own, in a folder of its own. */
export class Snmpd {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  static async prepare(): Promise<Snmpd> {
    return new Snmpd(await freeUdpPort());
  }

  constructor(port: number) {
    this.port = port;
    this.#folder = mkdtempSync(join(tmpdir(), 'stadtfunk-snmpd-'));
    writeFileSync(
      join(this.#folder, 'snmpd.conf'),
      `agentaddress udp:127.0.0.1:${port},udp6:[::1]:${port}\n${CONFIGURATION}`,
    );
  }

  async start(): Promise<void> {
    const options = [
      '-f',
      '-Lf',
      join(this.#folder, 'log'),
      '-C',
      '-c',
      join(this.#folder, 'snmpd.conf'),
      '-I',
      '-smux',
    ];
    const started = spawn(findProgram('snmpd') ?? 'snmpd', [...options, '-p', join(this.#folder, 'pid')], {
      env: { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: join(this.#folder, 'state') },
      stdio: 'ignore',
    });
    this.#process = started;
    await until('snmpd answers', () => {
      if (started.exitCode !== null) throw new Error('snmpd did not start');
      return this.get('1.3.6.1.2.1.1.3.0') !== undefined;
    });
  }

  /** Ends it and waits, so that nothing answers any more. */
  async stop(): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }

  /** As after a factory reset: it counts its starts from one again. */
  loseCount(): void {
    rmSync(join(this.#folder, 'state'), { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The value that snmpget prints, without its type. */
  get(oid: string): string | undefined {
    try {
      const options = ['-v2c', '-c', 'public', '-r', '0', '-t', '0.5', '-Oqvt', `127.0.0.1:${this.port}`, oid];
      const env = { ...process.env, MIBS: '' };
      return execFileSync(findProgram('snmpget') ?? 'snmpget', options, { env, stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .trim()
        .replace(/^"(.*)"$/, '$1');
    } catch {
      return undefined;
    }
  }
}
