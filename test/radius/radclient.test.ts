import { describeWith } from '../support/packages';
import { DEVICE, type GatewayName, Town } from './town';

const SIGNED = 'Message-Authenticator = 0x00';

/** What radclient shows of the answer: its type and its attributes, one a line. */
function answer(output: string): { type: string; attributes: string[] } {
  const [, received = ''] = output.split(/^Received /m);
  const [head = '', ...lines] = received.split('\n');
  return {
    type: head.split(' ')[0] ?? '',
    attributes: lines.filter((line) => line.startsWith('\t')).map((line) => line.trim()),
  };
}

describeWith('radclient', 'Debian’s radclient', () => {
  let town: Town;
  beforeAll(async () => {
    town = await Town.open();
  });
  afterAll(() => town.close());

  const login = async (gateway: GatewayName, ways: (password: string) => string[]) => {
    const { username, password } = await town.credential(gateway);
    const name = `User-Name = "${username}"`;
    return town.radclient('auth', [name, ...ways(password), `Calling-Station-Id = "${DEVICE}"`, SIGNED], { gateway });
  };

  test.each([
    { way: 'PAP', attributes: (password: string) => [`User-Password = "${password}"`] },
    { way: 'CHAP against the authenticator', attributes: (password: string) => [`CHAP-Password = "${password}"`] },
    {
      way: 'CHAP with a challenge',
      attributes: (password: string) => [
        `CHAP-Password = "${password}"`,
        'CHAP-Challenge = 0x000102030405060708090a0b0c0d0e0f',
      ],
    },
  ])('a credential logs in by $way and gets the limits of the site [RFC 2865 4.2]', async ({ attributes }) => {
    const { type, attributes: told } = answer(await login('gw-rathaus', attributes));
    expect(type).toBe('Access-Accept');
    expect(told[0]).toMatch(/^Message-Authenticator = /);
    expect(told.slice(1)).toEqual([
      'Session-Timeout = 14400',
      'Idle-Timeout = 1800',
      'Acct-Interim-Interval = 300',
      expect.stringMatching(/^Class = 0x[0-9a-f]{44}$/),
      'WISPr-Bandwidth-Max-Up = 5000000',
      'WISPr-Bandwidth-Max-Down = 20000000',
    ]);
  });

  test('a volume limit is told in octets and gigawords', async () => {
    const { attributes } = answer(await login('gw-bibliothek', (password) => [`User-Password = "${password}"`]));
    expect(attributes).toContain('Idle-Timeout = 600');
    expect(attributes).toContain(`ChilliSpot-Max-Total-Octets = ${10e9 % 2 ** 32}`);
    // radclient's dictionary does not know the gigawords.
    expect(attributes).toContain('Attr-26.14559.23 = 0x00000002');
  });

  test('Proxy-State come back unchanged and in order, in accept, reject and accounting [RFC 2865 5.33]', async () => {
    const states = ['Proxy-State = 0x6232', 'Proxy-State = 0x6131'];
    const accepted = answer(await login('gw-rathaus', (password) => [`User-Password = "${password}"`, ...states]));
    expect(accepted.attributes.slice(-2)).toEqual(states);
    const rejected = answer(await login('gw-rathaus', () => ['User-Password = "guessed"', ...states]));
    expect(rejected).toMatchObject({ type: 'Access-Reject' });
    expect(rejected.attributes.slice(1)).toEqual([
      'Reply-Message = "the password does not match the user name"',
      ...states,
    ]);
    const lines = ['Acct-Status-Type = Accounting-On', ...states];
    expect(answer(await town.radclient('acct', lines))).toEqual({ type: 'Accounting-Response', attributes: states });
  });

  test('another shared secret gets no answer, but a count', async () => {
    const lines = ['User-Name = "somebody"', 'User-Password = "something"', SIGNED];
    const output = await town.radclient('auth', lines, { secret: 'not-the-right-one', patience: 0.3 });
    expect(output).toContain('No reply from server');
    expect(await town.metric('radius_dropped_total', { reason: 'bad-authenticator' })).toBeGreaterThan(0);
    const record = ['Acct-Status-Type = Start', 'Acct-Session-Id = "forged"'];
    const accounting = await town.radclient('acct', record, { secret: 'not-the-right-one', patience: 0.3 });
    expect(accounting).toContain('No reply from server');
    expect(await town.store.getSession('gw-rathaus', 'forged')).toBeUndefined();
  });

  test('an unsigned Access-Request gets no answer, but a count (BlastRADIUS)', async () => {
    const lines = ['User-Name = "somebody"', 'User-Password = "something"'];
    expect(await town.radclient('auth', lines, { patience: 0.3 })).toContain('No reply from server');
    expect(await town.metric('radius_dropped_total', { reason: 'message-authenticator-missing' })).toBeGreaterThan(0);
  });

  test.each([
    { port: 'authenticationPort', type: 'Access-Accept' },
    { port: 'accountingPort', type: 'Accounting-Response' },
  ] as const)('a Status-Server is answered on the $port, signed [RFC 5997 3]', async ({ port, type }) => {
    const output = await town.radclient('status', [SIGNED], { port: town.role[port] });
    expect(answer(output)).toEqual({ type, attributes: [expect.stringMatching(/^Message-Authenticator = /)] });
  });

  describe.each([
    { gateway: 'gw-rathaus', site: 'rathaus', input: 'upload' },
    { gateway: 'gw-bibliothek', site: 'bibliothek', input: 'download' },
  ] as const)('accounting of $gateway', ({ gateway, site, input }) => {
    const record = (kind: string, lines: readonly string[] = []) =>
      town
        .radclient('acct', [`Acct-Status-Type = ${kind}`, ...lines], { gateway })
        .then((output) => answer(output).type);
    const counters = (octets: number, seconds: number) => [
      'Acct-Session-Id = "0000A1"',
      `Acct-Session-Time = ${seconds}`,
      `Acct-Input-Octets = ${octets}`,
      'Acct-Input-Gigawords = 1',
      `Acct-Output-Octets = ${octets * 10}`,
    ];

    test('Start, Interim and Stop are kept and add up; On and Off end what runs [RFC 2866 5.1]', async () => {
      const before = await town.usage(site);
      const sessions = () => town.metric('sessions', { site });
      expect(await record('Start', ['Acct-Session-Id = "0000A1"'])).toBe('Accounting-Response');
      expect(await sessions()).toBe(1);
      await town.clock.advance(60_000);
      expect(await record('Interim-Update', counters(1000, 60))).toBe('Accounting-Response');
      await town.clock.advance(60_000);
      expect(await record('Stop', counters(3000, 120))).toBe('Accounting-Response');
      expect(await sessions()).toBe(0);

      const after = await town.usage(site);
      const added = {
        upload: after.uploadOctets - before.uploadOctets,
        download: after.downloadOctets - before.downloadOctets,
      };
      expect(added[input]).toBe(2 ** 32 + 3000);
      expect(added[input === 'upload' ? 'download' : 'upload']).toBe(30_000);
      expect(after.sessions - before.sessions).toBe(1);
      expect(await town.metric('site_octets_total', { site, direction: input })).toBe(2 ** 32 + 3000);
      expect(await town.metric('site_sessions_total', { site })).toBe(1);

      // A session of which no Start arrived is known from its first report.
      await record('Interim-Update', ['Acct-Session-Id = "0000A2"', 'Acct-Session-Time = 300']);
      await record('Start', ['Acct-Session-Id = "0000A3"']);
      expect(await sessions()).toBe(2);
      // What begins in the same second may have begun after it.
      await town.clock.advance(1000);
      expect(await record('Accounting-On')).toBe('Accounting-Response');
      expect(await sessions()).toBe(0);
      await record('Start', ['Acct-Session-Id = "0000A4"']);
      await town.clock.advance(1000);
      expect(await record('Accounting-Off', ['Acct-Session-Id = "off"'])).toBe('Accounting-Response');
      expect(await sessions()).toBe(0);
    });
  });

  test('a Class comes back in accounting and ties the session to its grant [RFC 2865 5.25]', async () => {
    const { attributes } = answer(await login('gw-rathaus', (password) => [`User-Password = "${password}"`]));
    const returned = attributes.find((line) => line.startsWith('Class = ')) ?? '';
    await town.radclient('acct', ['Acct-Status-Type = Start', 'Acct-Session-Id = "0000C1"', returned]);
    const grantId = Buffer.from(returned.slice('Class = 0x'.length), 'hex').toString();
    expect(await town.store.getSession('gw-rathaus', '0000C1')).toMatchObject({ grantId });
    expect(await town.store.getGrant(grantId, town.clock.now())).toMatchObject({ site: 'rathaus' });
  });

  test('every answer was counted, and nothing about a visitor is in the log', async () => {
    expect(await town.metric('radius_replies_total', { code: 'access-accept' })).toBeGreaterThanOrEqual(5);
    expect(await town.metric('radius_accounting_records_total', { kind: 'interim' })).toBe(4);
    expect(await town.metric('radius_request_duration_seconds', { kind: 'access' })).toBeGreaterThanOrEqual(0);
    expect(town.log).not.toContain(DEVICE);
  });
});
