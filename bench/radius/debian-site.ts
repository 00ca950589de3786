import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where Debian keeps FreeRADIUS' configuration. */
export const DEBIAN_CONFIGURATION = '/etc/freeradius/3.0';

export interface SiteChanges {
  readonly authenticationPort: number;
  readonly accountingPort: number;
  readonly secret: string;
  /** The text of its users file. */
  readonly users: string;
}

/**
 * FreeRADIUS as Debian installs it: a copy of its configuration with all modules of its default site, changed only in
 * where it listens and writes, in whom it knows, in that it signs its answers and refuses without delay.
 */
export async function writeDebianSite(folder: string, changes: SiteChanges): Promise<void> {
  const { authenticationPort, accountingPort, secret, users } = changes;
  execFileSync('cp', ['-a', `${DEBIAN_CONFIGURATION}/.`, folder]);
  await rm(join(folder, 'sites-enabled', 'inner-tunnel'), { force: true });
  await change(join(folder, 'radiusd.conf'), [
    [/^logdir = .*$/m, `logdir = ${folder}`],
    [/^run_dir = .*$/m, `run_dir = ${folder}`],
    [/^raddbdir = .*$/m, `raddbdir = ${folder}`],
    [/^\s*(user|group) = freerad$/gm, ''],
    [/destination = files/, 'destination = stdout'],
    [/reject_delay = 1/, 'reject_delay = 0'],
  ]);
  const client = `client bench {\n  ipaddr = 127.0.0.1\n  secret = "${secret}"\n  require_message_authenticator = yes\n}\n`;
  await writeFile(join(folder, 'clients.conf'), client);
  await writeFile(join(folder, 'mods-config', 'files', 'authorize'), users);
  const ports = [authenticationPort, accountingPort];
  await change(join(folder, 'sites-available', 'default'), [
    // Both for IPv6: what is left are the two for IPv4.
    [/^listen \{\n(?:(?!^\}).*\n)*?\s*ipv6addr(?:(?!^\}).*\n)*^\}\n/gm, ''],
    [/^(\s*)ipaddr = \*$/gm, '$1ipaddr = 127.0.0.1'],
    [/^(\s*)port = 0$/gm, (_, space: string) => `${space}port = ${ports.shift() ?? 0}`],
    [/^post-auth \{$/m, 'post-auth {\n\tupdate reply {\n\t\t&Message-Authenticator := 0x00\n\t}'],
  ]);
}

type Replacement = readonly [RegExp, string | ((whole: string, group: string) => string)];

async function change(path: string, replacements: readonly Replacement[]): Promise<void> {
  let text = await readFile(path, 'utf8');
  for (const [pattern, by] of replacements) {
    if (text.search(pattern) < 0) throw new Error(`${path} is not as Debian has it: ${pattern} is missing`);
    text = typeof by === 'string' ? text.replace(pattern, by) : text.replace(pattern, by);
  }
  await writeFile(path, text);
}
