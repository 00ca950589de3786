import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { configCheck } from '../../commands/config-check';
import { init } from '../../commands/init';
import { walledGarden } from '../../commands/walled-garden';
import { loadConfig } from '../../config/load';
import { LANGUAGES } from '../../config/schema';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stadtfunk-commands-'));
  file = join(folder, 'town.yaml');
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Runs the check and catches what it prints. */
function check(path: string): { code: number; out: string; err: string } {
  const printed = { out: '', err: '' };
  const into = (stream: 'out' | 'err') => (chunk: unknown) => {
    printed[stream] += String(chunk);
    return true;
  };
  jest.spyOn(process.stdout, 'write').mockImplementation(into('out'));
  jest.spyOn(process.stderr, 'write').mockImplementation(into('err'));
  try {
    const code = configCheck(path);
    return { code, ...printed };
  } finally {
    jest.restoreAllMocks();
  }
}

/** Answers the questions as a pipe does: all lines at once. */
async function initWith(lines: readonly string[]): Promise<{ code: number; output: string }> {
  const output = new PassThrough();
  const code = await init(file, { input: Readable.from([lines.map((line) => `${line}\n`).join('')]), output });
  output.end();
  return { code, output: await text(output) };
}

describe('stadtfunk config check', () => {
  test('says on one line what a right file describes, and returns 0', () => {
    const { code, out, err } = check(join(__dirname, '../../config/demo.yaml'));
    expect(out).toMatch(
      /demo\.yaml is right: Musterstadt with 5 sites, 5 gateways, 8 access points; portal http:\/\/127\.0\.0\.1:8080 .*9180\.\n$/,
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test('warns in one sentence each of a UAM gateway without a secret, and of a captive portal API that nobody may ask', () => {
    writeFileSync(
      file,
      `town: { name: A, contact: { email: a@b.example } }
key: 9d3f6a0c5b7e41288f06c2d4a1e97b35
portal: { url: https://wlan.b.example }
sites: [{ id: s, name: S, kind: square }]
gateways:
  - id: gw
    kind: uspot
    site: s
    uam: { address: 10.1.0.1 }
    radius: { clients: [10.1.0.1], secret: 5c01e8d2b94f7a36 }
    captiveApi: {}
`,
    );
    const { code, err } = check(file);
    expect(err.split('\n')).toEqual([
      `${file} gateways[0].uam: Warning: gw has no uam.secret, so the portal believes every redirect that somebody makes up in its name.`,
      `${file} gateways[0].captiveApi: Warning: captiveApi of gw has neither secret nor clients, so it answers no device: those fall back to their probes.`,
      '',
    ]);
    expect(code).toBe(0);
  });

  test('prints each mistake on a line of its own and their number, and returns 1', () => {
    writeFileSync(file, 'town: { name: "" }\nsites: []\n');
    const { code, out, err } = check(file);
    const lines = err.trimEnd().split('\n');
    expect(lines.slice(0, -1).every((line) => line.startsWith(`${file}:`))).toBe(true);
    expect(lines.at(-1)).toBe(`${file}: 5 mistakes.`);
    expect(lines).toHaveLength(6);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  test('a file that is not there is one sentence with a remedy', () => {
    expect(() => check(file)).toThrow(expect.objectContaining({ code: 'CONFIG_UNREADABLE' }));
  });
});

describe('stadtfunk init', () => {
  test.each([
    ['uspot', ["uci set uspot.captive.uam_server='https://wlan.moehnesee.de/uam/gw-rathaus'"], ['uam', 'radius']],
    ['coovachilli', ['uamserver https://wlan.moehnesee.de/uam/gw-rathaus', 'radiusacctport 1813'], ['uam', 'radius']],
    [
      'opennds',
      [
        "uci set opennds.@opennds[0].fas_secure_enabled='3'",
        "uci set opennds.@opennds[0].fasport='443'",
        "uci set opennds.@opennds[0].sessiontimeout='240'",
      ],
      ['faskey', 'authmon', 'agent'],
    ],
    ['hostapd', ['macaddr_acl=2', 'nas_identifier=gw-rathaus'], ['radius']],
    ['mikrotik', ['/ip hotspot walled-garden ip add action=accept dst-host=wlan.moehnesee.de'], ['radius']],
  ])('writes a town with %s that passes the check, and prints what to set there', async (kind, lines, secrets) => {
    const { code, output } = await initWith(['Möhnesee', '', '', kind, '', '']);
    expect(code).toBe(0);
    for (const line of lines) expect(output).toContain(`     ${line}\n`);
    for (const secret of secrets) {
      expect(output).toContain(readFileSync(join(folder, `secrets/gw-rathaus-${secret}`), 'utf8').trim());
    }
    expect(output).not.toContain(readFileSync(join(folder, 'secrets/key'), 'utf8').trim());
    expect(check(file)).toMatchObject({ code: 0, err: '' });
    const loaded = loadConfig(file);
    if (!loaded.ok) throw new Error('It has mistakes.');
    expect(loaded.config).toMatchObject({
      town: { name: 'Möhnesee', contact: { email: 'wlan@moehnesee.de' }, languages: LANGUAGES },
      portal: { url: 'https://wlan.moehnesee.de', trustProxy: 1 },
      sites: [{ id: 'rathaus', name: 'Rathaus' }],
      gateways: [{ kind, site: 'rathaus' }],
    });
  });

  test('with unifi it writes no key that only the controller can make, and says where it goes', async () => {
    const { code, output } = await initWith(['Möhnesee', '', '', 'unifi', '', '']);
    expect(code).toBe(0);
    expect(output).toContain('     Authentication: External Portal Server, wlan.moehnesee.de\n');
    expect(check(file)).toMatchObject({ code: 0, err: '' });
    expect(readFileSync(file, 'utf8')).toMatch(/Put the key.*\n +apiKey: \{ file: secrets\/gw-rathaus-api-key \}/);
  });

  test('sends the visitors of an http portal with openNDS there by http, at level 2', async () => {
    const { output } = await initWith(['Möhnesee', 'http://10.0.0.2:8080', '', 'opennds', '', '']);
    for (const [option, value] of [
      ['fasport', '8080'],
      ['fas_secure_enabled', '2'],
      ['faspath', '/opennds/gw-rathaus'],
    ]) {
      expect(output).toContain(`     uci set opennds.@opennds[0].${option}='${value}'\n`);
    }
    expect(output).not.toContain('nat_traversal_poll_interval');
    expect(check(file)).toMatchObject({ code: 0 });
  });

  test('lets only the user who ran it read the configuration and the secrets', async () => {
    await initWith(['Möhnesee', '', '', '', '', '']);
    const mode = (name: string): string => (statSync(join(folder, name)).mode & 0o777).toString(8);
    expect(mode('town.yaml')).toBe('600');
    expect(mode('secrets')).toBe('700');
    expect(readdirSync(join(folder, 'secrets')).map((name) => mode(`secrets/${name}`))).toEqual(['600', '600', '600']);
  });

  test('draws other secrets each time', async () => {
    await initWith(['Möhnesee', '', '', '', '', '']);
    const first = readFileSync(join(folder, 'secrets/key'), 'utf8');
    rmSync(join(folder, 'secrets'), { recursive: true });
    rmSync(file);
    await initWith(['Möhnesee', '', '', '', '', '']);
    expect(readFileSync(join(folder, 'secrets/key'), 'utf8')).not.toBe(first);
  });

  test('asks again after an answer that the schema refuses, and says why', async () => {
    const { code, output } = await initWith([
      '',
      'Köln: "Innenstadt" #1',
      'wlan.koeln.example',
      'http://10.0.0.2:8080',
      'Площадь',
      'uspott',
      'uspot',
      'en',
      'de',
      'nobody',
      'wlan@koeln.example',
    ]);
    expect(code).toBe(0);
    expect(output.match(/^.*: {3}(.*)$/gm)).toEqual([
      expect.stringContaining('The text is empty.'),
      expect.stringContaining('This is not a web address.'),
      expect.stringContaining('Did you mean uspot?'),
      expect.stringContaining('Add de'),
      expect.stringContaining('This is not an e-mail address.'),
    ]);
    expect(check(file)).toMatchObject({ code: 0 });
    expect(loadConfig(file)).toMatchObject({
      config: {
        town: { name: 'Köln: "Innenstadt" #1' },
        portal: { url: 'http://10.0.0.2:8080', trustProxy: 0 },
        sites: [{ id: 'site-1', name: 'Площадь' }],
      },
    });
  });

  test('writes nothing when the input ends early', async () => {
    const { code, output } = await initWith(['Möhnesee', '']);
    expect(code).toBe(1);
    expect(output).toContain('Nothing was written.');
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each(['town.yaml', 'secrets/key'])('refuses to overwrite %s', async (existing) => {
    await initWith(['Möhnesee', '', '', '', '', '']);
    const before = readFileSync(join(folder, existing), 'utf8');
    if (existing !== 'town.yaml') rmSync(file);
    await expect(initWith(['Köln', '', '', '', '', ''])).rejects.toMatchObject({ code: 'INIT_EXISTS' });
    expect(readFileSync(join(folder, existing), 'utf8')).toBe(before);
  });

  test.each([
    ['that cannot be written to', () => '/proc/town.yaml'],
    ['that does not exist', () => join(folder, 'missing/town.yaml')],
    ['that is a file', () => join(folder, 'file/town.yaml')],
    ['whose secrets cannot be written', () => join(folder, 'taken/town.yaml')],
  ])('a folder %s is one sentence with a remedy, before the first question', async (_, path) => {
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken/secrets'), '');
    const output = new PassThrough();
    const asked = init(path(), { input: Readable.from([]), output });
    await expect(asked).rejects.toMatchObject({ code: 'INIT_UNWRITABLE' });
    expect(output.read()).toBeNull();
  });
});

describe('stadtfunk walled-garden', () => {
  const garden = (gateway?: string) => {
    const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const code = walledGarden({ config: file, ...(gateway !== undefined && { gateway }) });
    const out = write.mock.calls.map(([text]) => String(text)).join('');
    write.mockRestore();
    return { code, out };
  };

  test('lists each host once, with what it is for; services only where visitors may reach them', async () => {
    await initWith(['Möhnesee', '', '', 'uspot', '', '']);
    const text = readFileSync(file, 'utf8')
      .replace('# services: [', 'services: [')
      .replace('languages:', 'signLanguageUrl: https://termine.example.de/dgs\n  languages:');
    writeFileSync(file, text);
    expect(garden()).toEqual({
      code: 0,
      out: [
        'gw-rathaus (uspot)',
        '  wlan.moehnesee.de   the portal',
        '  termine.example.de  video in sign language',
        '',
      ].join('\n'),
    });
    writeFileSync(file, text.replace('kind: other', 'servicesBeforeLogin: true\n    kind: other'));
    expect(garden('gw-rathaus').out).toContain('termine.example.de  video in sign language, Termine');
    expect(() => garden('gw-2')).toThrow(expect.objectContaining({ code: 'CONFIG_SCOPE' }));
  });
});
