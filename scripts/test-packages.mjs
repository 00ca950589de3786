/**
 * Runs before the tests: installs the Debian packages whose programs the tests talk to, where it may, and otherwise says
 * which are missing. Without them the suites concerned are skipped; with CI=true a missing one is an error.
 * Plain Node without npm packages, so that it can run before `npm ci`. Its words name further lists: `wifi` adds
 * test/support/packages-wifi.json.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Program or file → the Debian package that brings it. */
const debianPackages = Object.assign({}, ...['', ...process.argv.slice(2)].map(readList));

const isRoot = process.getuid?.() === 0;
const inCi = process.env.CI === 'true';
const servicePolicy = '/usr/sbin/policy-rc.d';

process.exitCode = main();

function main() {
  let missing = missingPackages();
  if (missing.length === 0) return 0;

  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  if (isRoot && found('apt-get')) {
    console.log(`The tests need ${missing.length} more Debian packages; installing them now: ${missing.join(' ')}`);
    install(missing);
    missing = missingPackages();
    if (missing.length === 0) return 0;
    console.log(`Could not be installed: ${missing.join(' ')}. Look at apt-get's messages above.`);
  } else {
    console.log(`Missing Debian packages: ${missing.join(' ')}. Install them as root: ${command}`);
  }
  console.log(inCi ? 'With CI=true every suite must run.' : 'The suites that need them are skipped.');
  return inCi ? 1 : 0;
}

function readList(name) {
  const file = `../test/support/packages${name === '' ? '' : `-${name}`}.json`;
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
}

function missingPackages() {
  const lacking = Object.entries(debianPackages).filter(([program]) => !found(program));
  return [...new Set(lacking.map(([, name]) => name))];
}

function found(program) {
  // Debian keeps servers in sbin, which is not on the PATH of everyone.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  const [mode, candidates] = program.startsWith('/')
    ? [constants.R_OK, [program]]
    : [constants.X_OK, folders.map((folder) => join(folder, program))];
  return candidates.some((file) => {
    try {
      accessSync(file, mode);
      return true;
    } catch {
      return false;
    }
  });
}

function install(names) {
  const ownPolicy = !existsSync(servicePolicy);
  // 101 means "action forbidden": the packages' servers are not started, the tests start their own.
  if (ownPolicy) writeFileSync(servicePolicy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    if (!aptGet('update')) console.log('apt-get update failed; trying with the package lists at hand.');
    if (aptGet('install', '-y', '--no-install-recommends', ...names)) return;
    console.log('Trying the packages one at a time.');
    for (const name of names) aptGet('install', '-y', '--no-install-recommends', name);
  } finally {
    if (ownPolicy) rmSync(servicePolicy, { force: true });
  }
}

/** @returns {boolean} whether apt-get succeeded; a lock held by another apt is waited for. */
function aptGet(...words) {
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3', '-o', 'Dpkg::Use-Pty=0'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', [...options, ...words], { stdio: ['ignore', 'inherit', 'inherit'], env }).status === 0;
}
