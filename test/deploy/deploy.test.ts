import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ALL_ROLES, readRoles } from '../../commands/roles';
import { packageRoot } from '../../runtime/package-root';
import { describeWith } from '../support/packages';

const deploy = join(packageRoot, 'deploy');

function yaml(file: string): unknown {
  return parse(readFileSync(join(deploy, file), 'utf8'), { merge: true });
}

/** Runs a program and returns what it printed; fails with what it printed if it ends with an error. */
function run(program: string, words: readonly string[], cwd = deploy): string {
  return execFileSync(program, words, { cwd, encoding: 'utf8', stdio: 'pipe' });
}

describeWith('systemd-analyze', 'the systemd unit', () => {
  let folder: string;
  let unit: string;

  beforeAll(() => {
    // systemd-analyze looks for the programs that the unit names; here they lie elsewhere.
    folder = mkdtempSync(join(tmpdir(), 'stadtfunk-'));
    unit = join(folder, 'stadtfunk.service');
    const text = readFileSync(join(deploy, 'systemd', 'stadtfunk.service'), 'utf8');
    writeFileSync(unit, text.replace('/usr/bin/node', process.execPath));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is understood', () => {
    expect(run('systemd-analyze', ['verify', '--man=no', unit])).toBe('');
  });

  test('keeps memory out of core dumps and off the disk', () => {
    expect(readFileSync(unit, 'utf8')).toMatch(/^LimitCORE=0\nMemorySwapMax=0$/m);
  });

  test('leaves an intruder little: exposure at most 1.5 of 10', () => {
    run('systemd-analyze', ['security', '--offline=true', '--threshold=15', unit]);
  });
});

describe('compose.yaml', () => {
  const service = z.object({
    image: z.string().regex(/^(stadtfunk|.+:.*\d.*)$/, 'an image needs a version'),
    read_only: z.literal(true),
    cap_drop: z.tuple([z.literal('ALL')]),
    security_opt: z.tuple([z.literal('no-new-privileges:true')]),
    restart: z.literal('unless-stopped'),
    ulimits: z.object({ core: z.literal(0) }),
    volumes: z.array(z.string()),
    ports: z.array(z.string()).default([]),
  });
  const compose = z.object({
    services: z.object({ stadtfunk: service, redis: service, prometheus: service, grafana: service }).strict(),
    volumes: z.record(z.string(), z.null()),
  });

  test('every container is hardened alike, with a pinned image', () => {
    expect(compose.safeParse(yaml('compose.yaml')).error).toBeUndefined();
  });

  test('what has no password is published on loopback only', () => {
    const { stadtfunk, redis, prometheus, grafana } = compose.parse(yaml('compose.yaml')).services;
    const published = [stadtfunk, redis, prometheus, grafana].flatMap(({ ports }) => ports);
    const open = published.filter((port) => !port.startsWith('127.0.0.1:'));
    expect(open).toEqual(['8080:8080/tcp', '1812:1812/udp', '1813:1813/udp', '2083:2083/tcp']);
  });
});

describe('compose.scaled.yaml', () => {
  const { program, services, prometheus } = scaled();

  test('every process is hardened alike, has a role of its own, and starts with options that there are', () => {
    const commands = Object.values(services).map(({ command }) => command.join(' '));
    for (const command of commands) expect(command).toMatch(/^--config \/etc\/stadtfunk\/town\.yaml --roles \S+( |$)/);
    for (const option of commands.join(' ').match(/--[a-z]+/g) ?? []) expect(program).toContain(`'${option} <`);
    const roles = commands.map((command) => readRoles(/--roles (\S+)/.exec(command)?.[1] ?? ''));
    expect(new Set(roles.flatMap((some) => [...some]))).toEqual(ALL_ROLES);
  });

  test('the figures of a controller are reached on loopback only', () => {
    const { 'controller-1': one, 'controller-2': other } = services;
    for (const controller of [one, other]) {
      expect(controller).toMatchObject({ network_mode: 'service:stadtfunk', read_only: true, cap_drop: ['ALL'] });
      expect(controller?.command.at(-1)).toMatch(/^127\.0\.0\.1:918[12]$/);
    }
  });

  test('Prometheus asks each process, and for access points those that have the controller; all else is as usual', () => {
    const words = Object.values(services).map(({ command }) => command.join(' '));
    const opsOf = (some: readonly string[]) => some.map((text) => /--ops (\S+)/.exec(text)?.[1] ?? '127.0.0.1:9180');
    const withController = words.filter((text) => /--roles \S*controller/.test(text));
    const file = /^\.\/(\S+):\/etc\/prometheus\/prometheus\.yml:ro$/.exec(prometheus.volumes[0] ?? '')?.[1] ?? '';
    const scrapes = z.looseObject({ scrape_configs: z.array(z.looseObject({ static_configs: z.unknown() })) });
    const { scrape_configs: usual, ...more } = scrapes.parse(yaml('prometheus/prometheus.yml'));
    const targets = [opsOf(words), opsOf(withController)];
    const scrape_configs = usual.map((job, i) => ({ ...job, static_configs: [{ targets: targets[i] }] }));
    expect(yaml(file)).toEqual({ ...more, scrape_configs });
    expect(new Set(targets[0]).size).toBe(words.length);
  });

  function scaled() {
    const shape = z.object({
      services: z
        .object({ prometheus: z.object({ volumes: z.array(z.string()) }).strict() })
        .catchall(z.looseObject({ command: z.array(z.string()) })),
    });
    const { prometheus, ...services } = shape.parse(yaml('compose.scaled.yaml')).services;
    return {
      ...{ prometheus, services },
      program: readFileSync(join(packageRoot, 'main.ts'), 'utf8').replaceAll("'-c, --config", "'--config"),
    };
  }
});

describe('Dockerfile', () => {
  const text = readFileSync(join(packageRoot, 'Dockerfile'), 'utf8');
  const ignored = readFileSync(join(packageRoot, '.dockerignore'), 'utf8').split('\n');

  test('the image gets every folder that the product is built from and nothing else', () => {
    const { include } = z
      .object({ include: z.array(z.string()) })
      .parse(JSON.parse(readFileSync(join(packageRoot, 'tsconfig.build.json'), 'utf8')));
    const built = include.map((pattern) => `!${pattern.replace(/\/.*/, '')}`);
    expect(built.filter((line) => !ignored.includes(line))).toEqual([]);
    expect(ignored).toContain('*');
    expect(ignored.filter((line) => /test|secrets|data|town\.yaml/.test(line))).toEqual([]);
  });

  test('the process is not root, has a health check and starts without a shell', () => {
    const last = text.slice(text.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^HEALTHCHECK .*\\\n {2}CMD \[/m);
    expect(last).toMatch(/^ENTRYPOINT \[/m);
    expect(last).toMatch(/^CMD \[/m);
    expect(text.match(/^FROM (?!\S+:\S+)/m)).toBeNull();
  });
});
