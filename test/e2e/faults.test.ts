import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../runtime/package-root';
import { describeWith, needsRoot } from '../support/packages';
import { type Product, prepareProduct } from '../support/product';

const SOMEBODY_ELSE = 65_534;

interface Ending {
  readonly code: number | null;
  readonly words: string;
}

/** Starts the product and waits for it to give up. `before` is a command to run it under. */
function run(product: Product, before: readonly string[] = [], root = packageRoot): Ending {
  const command = [
    ...before,
    process.execPath,
    join(root, 'dist', 'main.js'),
    '--config',
    join(product.folder, 'town.yaml'),
  ];
  const { status, stdout, stderr } = spawnSync(command[0] ?? '', command.slice(1), {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: status, words: `${stderr}${stdout}` };
}

/** One sentence that names the matter and the remedy, the promised exit code, and nothing that only programmers read. */
function expectOneSentence({ code, words }: Ending, expectedCode: number, ...about: RegExp[]): void {
  expect({ code, words }).toEqual({ code: expectedCode, words: expect.any(String) });
  for (const pattern of about) expect(words).toMatch(pattern);
  expect(words).not.toMatch(/^\s+at .*:\d+/m);
  expect(words.split('\n').filter((line) => line.startsWith('stadtfunk: '))).toHaveLength(1);
}

let product: Product;
beforeEach(async () => {
  product = await prepareProduct();
});
afterEach(() => product.remove());

describe('what cannot work is said in one sentence', () => {
  test('a command that there is not, and the one that was meant', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(packageRoot, 'dist', 'main.js'), 'exma', 'on'], {
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: there is no command "exma"; did you mean "exam"\?\n/m);
  });

  test('a configuration that does not exist', () => {
    unlinkSync(join(product.folder, 'town.yaml'));
    expectOneSentence(run(product), 2, /town\.yaml/, /does not exist/, /stadtfunk init/);
  });

  test('a configuration that is not YAML', () => {
    writeFileSync(join(product.folder, 'town.yaml'), 'town: [unclosed\n');
    expectOneSentence(run(product), 2, /town\.yaml:\d+/);
  });

  test.each([
    ['empty', '', /empty/],
    ['well known', 'testing123', /well-known/],
    ['the demo town’s', 'demo-secret-of-the-town-hall', /demo town/],
  ])('a RADIUS secret that is %s', async (_, secret, why) => {
    await product.remove();
    product = await prepareProduct(({ gateway }) => ({
      gateways: [
        {
          id: 'gw-rathaus',
          kind: 'uspot',
          site: 'rathaus',
          uam: { address: '127.0.0.1', port: gateway },
          radius: { clients: ['127.0.0.1'], secret },
        },
      ],
    }));
    const ending = run(product);
    expectOneSentence(ending, 2, /gateways\[0\]\.radius\.secret/, why, /openssl rand/);
    if (secret !== '') expect(ending.words).not.toContain(secret);
  });

  test('a portal port that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(product.ports.portal, '127.0.0.1', resolve));
    expectOneSentence(
      run(product),
      1,
      new RegExp(`127.0.0.1:${product.ports.portal}`),
      /another program/,
      /portal\.listen/,
    );
    other.close();
  });

  test('a port for metrics that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(product.ports.ops, '127.0.0.1', resolve));
    expectOneSentence(run(product), 1, new RegExp(`127.0.0.1:${product.ports.ops}`), /another program/, /ops\.listen/);
    other.close();
  });

  test('a RADIUS port that is taken', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(product.ports.accounting, '127.0.0.1', resolve));
    const about = [new RegExp(`127.0.0.1:${product.ports.accounting}`), /another program/, /radius\.accountingPort/];
    expectOneSentence(run(product), 1, ...about);
    other.close();
  });

  test('a page template that is missing', () => {
    const copy = mkdtempSync(join(tmpdir(), 'stadtfunk-copy-'));
    for (const part of ['dist', 'config', 'templates', 'package.json']) {
      cpSync(join(packageRoot, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(packageRoot, 'node_modules'), join(copy, 'node_modules'));
    unlinkSync(join(copy, 'templates', 'visit.ejs'));
    expectOneSentence(run(product, [], copy), 1, /templates\/visit\.ejs/);
    rmSync(copy, { recursive: true });
  });

  test('a store folder that another process uses', async () => {
    await product.start();
    const second = await prepareProduct(() => ({ store: { path: product.storePath } }));
    expectOneSentence(run(second), 1, /another process/i);
    await second.remove();
  });
});

describeWith([needsRoot, 'setpriv'], 'what cannot work is said in one sentence, as root without its privileges', () => {
  test('a store folder that may not be written', () => {
    mkdirSync(product.storePath);
    chownSync(product.storePath, SOMEBODY_ELSE, SOMEBODY_ELSE);
    // Root may write everywhere unless it gives these capabilities up; then it is a user like others.
    const asUser = ['setpriv', '--bounding-set=-dac_override,-fowner'];
    expectOneSentence(run(product, asUser), 1, /data/, /may not|not writable|permission/i);
  });
});

describeWith(needsRoot, 'what cannot work is said in one sentence, on a full disk', () => {
  test('a disk without room for the store', () => {
    mkdirSync(product.storePath);
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', product.storePath]);
    try {
      expectOneSentence(run(product), 1, /full|no space|room/i);
    } finally {
      spawnSync('umount', [product.storePath]);
    }
  });
});
