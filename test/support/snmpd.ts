import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeUdpPort } from './ports';
import { type Running, startProgram } from './program';
import { until } from './wait';

/** Debian's snmpd on loopback, set up as OpenWrt sets it up. Stopping it is what an access point without power looks like. */
export interface Snmpd {
  readonly port: number;
  readonly community: string;
  /** Starts it, or starts it again on the same port. */
  start(): Promise<void>;
  stop(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Prepares an agent; `start()` runs it.
 * @param lines  more lines for snmpd.conf, for example `extend clients-wlan /bin/echo 7`
 */
export async function prepareSnmpd(lines: readonly string[] = []): Promise<Snmpd> {
  const folder = mkdtempSync(join(tmpdir(), 'stadtfunk-snmpd-'));
  const community = 'qR8vT2mX6nB4';
  const port = await freeUdpPort();
  const configuration = join(folder, 'snmpd.conf');
  const openWrt = [
    `agentaddress udp:127.0.0.1:${port}`,
    `rocommunity ${community}`,
    'sysName HeartOfGold',
    'sysLocation office',
    'sysServices 72',
  ];
  writeFileSync(configuration, [...openWrt, ...lines, ''].join('\n'));
  let agent: Running | undefined;

  async function stop(): Promise<void> {
    await agent?.end();
    agent = undefined;
  }

  return {
    port,
    community,
    async start() {
      // In the foreground, log to stdout, this configuration only. It needs no MIB texts, and Debian has none.
      const started = startProgram('snmpd', ['-f', '-Lo', '-C', '-c', configuration], {
        SNMP_PERSISTENT_DIR: folder,
        SNMPCONFPATH: folder,
        MIBS: '',
      });
      agent = started;
      await until('snmpd answers', () => {
        started.assertRunning();
        return started.output().includes('NET-SNMP version');
      });
    },
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
