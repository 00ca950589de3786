import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeUdpPort } from '../../test/support/ports';
import { DEBIAN_CONFIGURATION, writeDebianSite } from './debian-site';
import { pinnedToServerCore } from './pin';
import { deviceOf, SECRET } from './requests';
import type { Served } from './rounds';

/**
 * Debian's FreeRADIUS, for the same work as ours: known devices, signed requests and answers, a time limit and a
 * bandwidth in the answer. Its configuration is written for each run; threads are as Debian sets them.
 */

const PROGRAM = '/usr/sbin/freeradius';
const QUERIES = `${DEBIAN_CONFIGURATION}/mods-config/sql/main/sqlite`;
const START_MS = 60_000;

/** Of Debian's package freeradius-redis. */
const REDIS_MODULE = '/usr/lib/freeradius/rlm_redis.so';

/**
 * `files`: a users file, and accounting to a detail file, which it never syncs, by Debian's default site with all its
 * modules. `minimal`: the same by these two modules alone. `sqlite`: the stock queries, WAL.
 */
export type Kind = 'files' | 'minimal' | 'sqlite';

/** One GET for a login, one HSET for a report. */
type OnRedis = 'redis';

export function hasFreeRadius(): boolean {
  return existsSync(PROGRAM) && existsSync(QUERIES);
}

export function hasRedisModule(): boolean {
  return hasFreeRadius() && existsSync(REDIS_MODULE);
}

/** @param redisPort  of the Redis that `redis` uses; it finds there what `redisRecordOf` says of each device */
export async function startFreeRadius(
  kind: Kind | OnRedis,
  devices: number,
  redisPort = 0,
): Promise<Served & { stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'stadtfunk-bench-freeradius-'));
  const [authenticationPort, accountingPort] = [await freeUdpPort(), await freeUdpPort()];
  const names = Array.from({ length: devices }, (_, i) => deviceOf(i));
  if (kind === 'files') {
    const users = usersFile(names);
    await writeDebianSite(folder, { authenticationPort, accountingPort, secret: SECRET.toString(), users });
  } else {
    const files = {
      'radiusd.conf': configuration(workOf(kind, folder, redisPort), folder, authenticationPort, accountingPort),
      dictionary: '',
      ...(kind === 'minimal' && { users: usersFile(names) }),
      ...(kind === 'sqlite' && { 'devices.sql': devicesTable(names) }),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  const [command, args] = pinnedToServerCore(PROGRAM, ['-f', '-l', 'stdout', '-d', folder, '-n', 'radiusd']);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill();
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true });
  };
  try {
    await ready(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { authenticationPort, accountingPort, stop };
}

function ready(child: ChildProcess): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    const fail = () => {
      clearTimeout(patience);
      reject(new Error(`FreeRADIUS does not start:\n${output}`));
    };
    const patience = setTimeout(fail, START_MS);
    child.once('exit', fail).stdout?.on('data', (text: Buffer) => {
      output += text.toString();
      if (!output.includes('Ready to process requests')) return;
      clearTimeout(patience);
      child.off('exit', fail);
      resolve();
    });
  });
}

const REPLY = { 'Session-Timeout': 3600, 'WISPr-Bandwidth-Max-Up': 5_000_000, 'WISPr-Bandwidth-Max-Down': 20_000_000 };

function usersFile(names: readonly string[]): string {
  const reply = Object.entries(REPLY).map(([name, value]) => `\t${name} = ${value}`);
  return names.map((name) => `${name} Cleartext-Password := "${name}"\n${reply.join(',\n')}\n`).join('\n');
}

function devicesTable(names: readonly string[]): string {
  const check = names.map((name) => `('${name}','Cleartext-Password',':=','${name}')`);
  const reply = names.flatMap((name) =>
    Object.entries(REPLY).map(([attribute, value]) => `('${name}','${attribute}','=','${value}')`),
  );
  const into = (table: string, rows: readonly string[]) =>
    `INSERT INTO ${table} (username, attribute, op, value) VALUES ${rows.join(',')};`;
  // The mode is kept in the file, so every later connection has it.
  return ['PRAGMA journal_mode=WAL;', into('radcheck', check), into('radreply', reply), ''].join('\n');
}

/** What its Redis holds for a device: key and value. */
export function redisRecordOf(device: string): readonly [key: string, value: string] {
  return [`device:${device}`, Object.values(REPLY).join(' ')];
}

/** What is done for a login and for a report, and by which modules. */
interface Work {
  readonly modules: string;
  readonly authorize: string;
  readonly accounting: string;
}

function workOf(kind: Exclude<Kind, 'files'> | OnRedis, folder: string, redisPort: number): Work {
  if (kind === 'minimal') return { modules: filesModules(folder), authorize: 'files', accounting: 'detail' };
  if (kind === 'sqlite') return { modules: sqlModule(folder), authorize: 'sql', accounting: 'sql' };
  return { modules: redisModule(redisPort), ...REDIS_WORK };
}

function configuration(work: Work, folder: string, authenticationPort: number, accountingPort: number): string {
  return `
prefix = /usr
logdir = ${folder}
run_dir = ${folder}
libdir = /usr/lib/freeradius
name = radiusd
pidfile = ${folder}/radiusd.pid
max_requests = 65536
hostname_lookups = no
log {
  destination = stdout
}
security {
  reject_delay = 0
  status_server = yes
}
proxy_requests = no
thread pool {
  start_servers = 5
  max_servers = 32
  min_spare_servers = 3
  max_spare_servers = 10
  max_requests_per_server = 0
}
client bench {
  ipaddr = 127.0.0.1
  secret = "${SECRET}"
  require_message_authenticator = yes
}
modules {
  expr {
  }
  pap {
  }
  ${work.modules}
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${authenticationPort}
  }
  listen {
    type = acct
    ipaddr = 127.0.0.1
    port = ${accountingPort}
  }
  authorize {
    ${work.authorize}
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
  }
  accounting {
    ${work.accounting}
  }
  post-auth {
    update reply {
      &Message-Authenticator := 0x00
    }
  }
}
`;
}

function filesModules(folder: string): string {
  return `
  files {
    filename = ${folder}/users
  }
  detail {
    filename = ${folder}/detail-%Y%m%d
    permissions = 0600
    header = "%t"
  }`;
}

/** As Debian has them, for every module that keeps connections. */
const CONNECTIONS = `pool {
      start = 5
      min = 3
      max = 32
      spare = 10
      uses = 0
      lifetime = 0
      idle_timeout = 60
    }`;

function sqlModule(folder: string): string {
  return `
  sql {
    dialect = "sqlite"
    driver = "rlm_sql_sqlite"
    sqlite {
      filename = "${folder}/radius.db"
      busy_timeout = 5000
      bootstrap = "${QUERIES}/schema.sql"
      bootstrap = "${folder}/devices.sql"
    }
    radius_db = "radius"
    acct_table1 = "radacct"
    acct_table2 = "radacct"
    postauth_table = "radpostauth"
    authcheck_table = "radcheck"
    groupcheck_table = "radgroupcheck"
    authreply_table = "radreply"
    groupreply_table = "radgroupreply"
    usergroup_table = "radusergroup"
    delete_stale_sessions = yes
    read_groups = no
    read_profiles = no
    ${CONNECTIONS}
    client_table = "nas"
    group_attribute = "SQL-Group"
    $INCLUDE ${QUERIES}/queries.conf
  }`;
}

function redisModule(port: number): string {
  return `
  always ok {
    rcode = ok
  }
  always fail {
    rcode = fail
  }
  redis {
    server = "127.0.0.1"
    port = ${port}
    database = 0
    ${CONNECTIONS}
  }`;
}

const NUMBERS = ['Acct-Session-Time', 'Acct-Input-Octets', 'Acct-Output-Octets'];
const FIELDS = ['Acct-Status-Type', ...NUMBERS].map((name) => `${name} %{%{${name}}:-0}`).join(' ');

/** What its documentation calls the usual way: an expansion that asks, and conditions on what it gives. */
const REDIS_WORK = {
  authorize: `
    update control {
      &Tmp-String-0 := "%{redis:GET device:%{User-Name}}"
    }
    if (&control:Tmp-String-0 =~ /^([0-9]+) ([0-9]+) ([0-9]+)$/) {
      update {
        &control:Cleartext-Password := "%{User-Name}"
        &reply:Session-Timeout := "%{1}"
        &reply:WISPr-Bandwidth-Max-Up := "%{2}"
        &reply:WISPr-Bandwidth-Max-Down := "%{3}"
      }
    }`,
  accounting: `
    update control {
      &Tmp-String-0 := "%{redis:HSET session:%{NAS-Identifier}:%{Acct-Session-Id} ${FIELDS}}"
    }
    if (&control:Tmp-String-0 !~ /^[0-9]+$/) {
      fail
    }
    ok`,
};
