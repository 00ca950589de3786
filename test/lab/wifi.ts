import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Need } from '../support/packages';
import { startFile } from '../support/process';

const execute = promisify(execFile);
const program = join(__dirname, 'wifi-lab');

/** What a suite that uses the lab asks of the machine. */
export const wifiNeeds: readonly Need[] = ['qemu-system-x86_64', 'cpio', 'xz', 'flock'];

/** How long making the machine may take, where its packages have to be fetched first. */
export const BUILD_MS = 300_000;

/** What came of a device's wish to join: let in, turned away, or nobody answered. */
export type Joined = `associated ${string}` | 'refused' | 'unanswered';

/** The emulated machine with an access point and a device; see README.md. It ends at the latest with this process. */
export interface WifiLab {
  /** Runs a command of wifi/guest/air.sh and gives what it printed; throws if it fails. */
  run(...command: string[]): Promise<string>;
  join(device: string): Promise<Joined>;
  /** What hostapd said, for when a test fails. */
  log(): Promise<string>;
  down(): Promise<void>;
}

export interface WifiSettings {
  readonly authenticationPort: number;
  readonly accountingPort: number;
  /** UDP port on 127.0.0.1 that leads to hostapd's port for Disconnect-Requests [RFC 5176]. */
  readonly disconnectPort: number;
  readonly secret: string;
  /** Counts time in instructions: slower, but Enhanced Open needs it where there is no KVM. */
  readonly steady?: boolean;
}

/** Makes the machine if it is missing. */
export async function buildWifiLab(): Promise<void> {
  await execute(program, ['build']);
}

/** Starts a lab with a folder of its own, so that several test runs do not meet. Takes five to fifteen seconds. */
export async function wifiUp(settings: WifiSettings): Promise<WifiLab> {
  const state = await mkdtemp(join(tmpdir(), 'stadtfunk-wifi-'));
  const environment = {
    WIFI_LAB_STATE: state,
    WIFI_LAB_AUTH_PORT: String(settings.authenticationPort),
    WIFI_LAB_ACCT_PORT: String(settings.accountingPort),
    WIFI_LAB_DAS_PORT: String(settings.disconnectPort),
    WIFI_LAB_SECRET: settings.secret,
    WIFI_LAB_STEADY: settings.steady === true ? 'yes' : 'no',
  };
  const machine = startFile(program, ['up'], environment);

  async function run(...command: string[]): Promise<string> {
    const env = { ...process.env, ...environment };
    const { stdout } = await execute(program, ['run', ...command], { env, maxBuffer: 1 << 26 });
    return stdout.trim();
  }

  async function down(): Promise<void> {
    await machine.end('SIGKILL');
    await rm(state, { recursive: true });
  }

  return {
    run,
    join: async (device) => (await run('join', device)) as Joined,
    log: () => run('cat /tmp/hostapd.log').catch(() => machine.output()),
    down,
  };
}
