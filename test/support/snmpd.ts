import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeUdpPort } from './ports';
import { type RunningProcess, startProgram } from './process';
import { until } from './wait';

/** Debian's snmpd on loopback. */
export interface Snmpd {
  readonly port: number;
  readonly community: string;
  start(): Promise<void>;
  /** Nothing answers any more, as where an access point has no power: not even a refusal comes back. */
  freeze(): void;
  thaw(): void;
  remove(): Promise<void>;
}

/** Prepares an agent that is set up as OpenWrt does it, but for its community; `start()` runs it. */
export async function prepareSnmpd(): Promise<Snmpd> {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-snmpd-'));
  const configuration = join(folder, 'snmpd.conf');
  const community = 'qR8vT2mX6nB4kW1z';
  const port = await freeUdpPort();
  const lines = [
    `agentaddress udp:127.0.0.1:${port}`,
    `rocommunity ${community}`,
    'sysName HeartOfGold',
    'sysLocation office',
    'extend clients-wlan /bin/echo 7',
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  let agent: RunningProcess | undefined;

  return {
    port,
    community,
    async start() {
      // In the foreground, log to stdout, this configuration only. It needs no MIB texts, and Debian has none. What it
      // keeps lies apart: the file has the same name as the configuration.
      const started = startProgram('snmpd', ['-f', '-Lo', '-C', '-c', configuration, '-I', '-smux'], {
        SNMP_PERSISTENT_DIR: join(folder, 'kept'),
        MIBS: '',
      });
      agent = started;
      await until('snmpd answers', () => {
        if (started.exitCode() !== undefined) throw new Error(`snmpd did not start: ${started.output()}`);
        return started.output().includes('NET-SNMP version');
      });
    },
    freeze: () => agent?.signal('SIGSTOP'),
    thaw: () => agent?.signal('SIGCONT'),
    async remove() {
      await agent?.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
