import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Need } from '../support/packages';
import type { Place } from '../support/product';

const execute = promisify(execFile);
const program = join(__dirname, 'opennds-lab');

/** What a suite that uses the lab asks of the machine. */
export const labNeeds: readonly Need[] = [
  'root',
  'network namespaces',
  ...(['ip', 'nsenter', 'unshare', 'setpriv', 'flock', 'sysctl', 'pgrep'] as const),
  ...(['opennds', 'ndsctl', 'php', 'dnsmasq', 'iptables', 'nft', 'udhcpc'] as const),
  ...(['openssl', 'update-ca-certificates', 'curl', 'wget', 'gcc', '/usr/include/stdio.h'] as const),
];

export type LabNode = 'client1' | 'client2' | 'gw' | 'srv' | 'inet';

/** What a page answered to curl. Redirects are not followed. */
export interface Answer {
  readonly status: number;
  /** Where it sends the browser, or empty. */
  readonly location: string;
  readonly body: string;
}

/** A running lab; see README.md. It ends at the latest with this process. */
export interface Lab {
  /** Runs a command in a node and gives what it printed; throws if it fails. */
  run(node: LabNode, ...command: string[]): Promise<string>;
  /** Asks for a page as a node. */
  curl(node: LabNode, url: string, ...options: string[]): Promise<Answer>;
  /** Throws the error, preceded by how openNDS ended, if it has: then "connection refused" is no riddle. */
  explain(error: unknown): never;
  /** `online`, or `captive` and where the visitor is sent. */
  check(client: LabNode): Promise<string>;
  /** A node as the place for a process of the test. */
  place(node: LabNode): Place;
  /** Chromium on a visitor's device, as `executablePath` for Playwright. */
  chromium(client: LabNode): string;
  /** The program given as LAB_BINAUTH, where gw can reach it. */
  readonly binauth: string;
  /** The folder with `site.pem` and `site.key`, the portal's certificate. */
  readonly tls: string;
  /** openNDS stops and starts again, as when the access point reboots. */
  restart(): Promise<void>;
  down(): Promise<void>;
}

/** Settings of opennds-lab, without `LAB_NAME`, `LAB_STATE` and `LAB_OWNER`. */
export type LabSettings = Readonly<Record<`LAB_${string}`, string | number>>;

/**
 * Builds a lab under a name of its own, so that several test runs do not meet. Takes about five seconds.
 * @param letter  tells the labs of one test run apart
 */
export async function labUp(settings: LabSettings, letter = ''): Promise<Lab> {
  const name = `lab${process.pid}${letter}`;
  const state = `/var/lib/stadtfunk-lab/${name}`;
  const named = { LAB_NAME: name, LAB_STATE: state };
  const own = { ...process.env, ...named };
  const strings = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, String(value)]));

  async function lab(...args: string[]): Promise<string> {
    const { stdout } = await execute(program, args, { env: own, maxBuffer: 1 << 26 }).catch((error) => explain(error));
    return stdout;
  }

  function explain(error: unknown): never {
    const end = ended();
    throw end === undefined ? error : new Error(`${end}\n${String(error)}`, { cause: error });
  }

  function ended(): string | undefined {
    try {
      return `${name}: ${readFileSync(join(state, 'ended'), 'utf8')}`;
    } catch {
      return undefined;
    }
  }

  async function curl(node: LabNode, url: string, ...options: string[]): Promise<Answer> {
    const written = '\n%{http_code} %{redirect_url}';
    const text = await lab(node, 'curl', '-sS', '-m', '10', '-w', written, ...options, url);
    const lastLine = text.lastIndexOf('\n');
    const [status, location = ''] = text.slice(lastLine + 1).split(' ');
    return { status: Number(status), location, body: text.slice(0, lastLine) };
  }

  await execute(program, ['up'], { env: { ...own, ...strings, LAB_OWNER: String(process.pid) } });
  return {
    run: lab,
    curl,
    explain,
    check: async (client) => {
      const { status, location } = await curl(client, 'http://connectivitycheck.gstatic.com/generate_204');
      return status === 204 ? 'online' : `captive ${location}`;
    },
    place: (node) => ({
      prefix: ['env', ...Object.entries(named).map(([key, value]) => `${key}=${value}`), program, node],
      get: async (url) => {
        const answer = await curl(node, url).catch(() => undefined);
        return answer?.status === 200 ? answer.body : undefined;
      },
    }),
    chromium: (client) => join(state, `chromium-${client}`),
    binauth: join(state, 'node', 'binauth'),
    tls: join(state, 'tls'),
    restart: async () => {
      await lab('restart');
    },
    down: async () => {
      await lab('down');
    },
  };
}
