/** The answers of `stadtfunk init`, as they were typed. */
export interface Answers {
  readonly town: string;
  readonly portal: string;
  readonly site: string;
  readonly gateway: string;
  readonly languages: string;
  readonly contact: string;
}

/** A new configuration: the text of town.yaml, and which secret files it names. */
export interface NewTown {
  readonly text: string;
  readonly keyFile: string;
  /** Files with secrets that the gateway must know, too. */
  readonly sharedSecretFiles: readonly string[];
}

const UMLAUTS: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss' };
const KEY_FILE = 'secrets/key';

/** A name as an id: "Straße am Möhnesee" becomes strasse-am-moehnesee; undefined if no letter of it can stay. */
export function slug(name: string): string | undefined {
  const plain = name
    .toLowerCase()
    .replaceAll(/[äöüß]/g, (letter) => UMLAUTS[letter] ?? letter)
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '');
  const words = plain.match(/[a-z0-9]+/g)?.join('-');
  return words?.slice(0, 36).replace(/-$/, '');
}

/** Writes the configuration for a town that begins with one site and one gateway. */
export function newTown(answers: Answers): NewTown {
  const site = slug(answers.site) ?? 'site-1';
  const gateway = gatewayOf(answers.gateway, `gw-${site}`, site, answers.portal.startsWith('https:'));
  const languages = answers.languages.split(/[\s,]+/).filter(Boolean);
  const text = `# Configuration of Stadtfunk. Check it with: stadtfunk config check town.yaml
# Every key, its meaning and its default: docs/configuration.md. Relative paths start at the folder of this file.

town:
  name: ${quoted(answers.town)}
  contact:
    email: ${quoted(answers.contact)}
    # phone: "030 123456"
  languages: [${languages.map(quoted).join(', ')}]
  # The imprint on /imprint; or imprintUrl: https://www.example.de/impressum
  # imprint: { address: "Rathausplatz 1, 12345 Musterstadt", representedBy: "Bürgermeisterin Erika Beispiel" }
  # services: [{ title: { de: Termine, en: Appointments }, url: https://termine.example.de }]

# Protects everything that is stored. Without this file the stored data cannot be read: keep a copy in a safe place.
key: { file: ${KEY_FILE} }

portal:
  # The address at which visitors reach the portal.
  url: ${quoted(answers.portal)}
  listen: { host: 0.0.0.0, port: 8080 }
${
  answers.portal.startsWith('https:')
    ? '  # One proxy of yours ends TLS and passes visitors on to port 8080.\n  trustProxy: 1\n'
    : ''
}
sites:
  - id: ${site}
    name: ${quoted(answers.site)}
    kind: other # square, school, public-building, library, refugee-housing, bus
    rules:
      sessionMinutes: 240
      idleMinutes: 30

# The accessibility statement on /accessibility; without this it says that it is incomplete.
# accessibility:
#   law: Behindertengleichstellungsgesetz of your Land
#   preparedOn: 2026-11-01
#   enforcement: { name: Ombudsstelle of your Land, url: https://ombudsstelle.example.de }

gateways:
${gateway.lines.map((line) => `${line}\n`).join('')}
# Access points whose health is watched by SNMP.
accessPoints: []
#  - id: ap-1
#    name: Entrance
#    site: ${site}
#    host: 10.1.0.11
#    community: { file: secrets/community }
`;
  return { text, keyFile: KEY_FILE, sharedSecretFiles: gateway.secretFiles };
}

function gatewayOf(
  kind: string,
  id: string,
  site: string,
  isHttps: boolean,
): { lines: string[]; secretFiles: string[] } {
  const head = [`  - id: ${id}`, `    kind: ${quoted(kind)}`, `    site: ${site}`];
  if (kind === 'opennds') return openndsOf(head, id, isHttps);
  if (kind === 'unifi') return unifiOf(head, id);
  const [uam, radius] = [`secrets/${id}-uam`, `secrets/${id}-radius`];
  const asks = [
    '    radius:',
    '      # Change this: the address from which its RADIUS packets come.',
    '      clients: [10.0.0.1]',
    `      secret: { file: ${radius} }`,
  ];
  // Access points that only ask RADIUS and show no page.
  if (kind === 'hostapd') return { lines: [...head, ...asks], secretFiles: [radius] };
  if (kind === 'mikrotik') return { lines: [...head, ...HOTSPOT, ...asks], secretFiles: [radius] };
  return {
    lines: [
      ...head,
      '    uam:',
      '      # Change this: the address of the gateway in the network of the visitors.',
      '      address: 10.0.0.1',
      `      secret: { file: ${uam} }`,
      ...asks,
      '      # Only for a gateway that cannot sign its requests (older radcli under uspot):',
      '      # requireMessageAuthenticator: false',
    ],
    secretFiles: [uam, radius],
  };
}

const HOTSPOT = [
  '    hotspot:',
  '      # Change this: the login page of the hotspot, with its dns-name or its address.',
  '      loginUrl: http://10.5.50.1/login',
];

/** The controller makes its key itself, so a stand-in waits for it in the file. */
function unifiOf(head: string[], id: string): { lines: string[]; secretFiles: string[] } {
  const key = `secrets/${id}-api-key`;
  return {
    lines: [
      ...head,
      '    controller:',
      '      # Change this: the address of the controller, as in its certificate.',
      '      url: https://unifi.example.de',
      '      # Change this: the controller’s own name of the site.',
      '      site: default',
      '      # Put the key of the controller into this file (Control Plane, Integrations, Create API Key); it holds a stand-in.',
      `      apiKey: { file: ${key} }`,
    ],
    secretFiles: [key],
  };
}

/** At level 3 openNDS speaks https only, at level 2 never. */
function openndsOf(head: string[], id: string, isHttps: boolean): { lines: string[]; secretFiles: string[] } {
  const [faskey, authmon, agent] = [`secrets/${id}-faskey`, `secrets/${id}-authmon`, `secrets/${id}-agent`];
  return {
    lines: [
      ...head,
      '    # Change this: gatewayaddress of openNDS.',
      '    address: 192.168.1.1:2050',
      `    level: ${isHttps ? 3 : 2}`,
      `    faskey: { file: ${faskey} }`,
      ...(isHttps ? [`    authmonPath: { file: ${authmon} }`] : []),
      `    agentSecret: { file: ${agent} }`,
    ],
    secretFiles: [faskey, ...(isHttps ? [authmon] : []), agent],
  };
}

/** A text as YAML, safe whatever it contains: JSON's strings are YAML's double-quoted ones. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
