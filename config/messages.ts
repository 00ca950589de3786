/**
 * Every mistake there is, with what is wrong and what to do; `{word}` is filled in. For each one a file in
 * test/fixtures/config shows it.
 */
export const MESSAGES = {
  'not-utf8': ['The file is not UTF-8.', 'Save it as UTF-8 in your editor; umlauts are lost otherwise.'],
  empty: ['The file is empty.', 'Make a configuration with: stadtfunk init'],

  'yaml-tab': ['A tab indents this line.', 'Indent with spaces; YAML allows no tabs.'],
  'yaml-twice': ['The key {key} stands here a second time.', 'Keep one of the two.'],
  'yaml-open': ['A quote or bracket opened above is not closed.', 'Look for it from this line upwards.'],
  'yaml-indent': [
    'The lines here do not fit together: the indentation differs, or a colon is missing.',
    'Give the keys of one block the same indentation, and each key a colon and a blank.',
  ],
  'yaml-sign': ['The value begins with a sign that means something in YAML.', 'Put the value into single quotes.'],
  'yaml-documents': ['A second document begins here.', 'Remove the line "---".'],
  'yaml-other': ['This is not YAML ({code}).', 'Check indentation, colons and quotes around this line.'],

  'unknown-key': ['There is no such key here.', '{hint}'],
  missing: ['This key is missing.', 'Add it: {expected}.{about}'],
  'no-value': ['Nothing stands here.', 'Write {expected}, or remove the line if the key is optional.'],
  'wrong-type': ['This is {found}.', 'Write {expected}.'],
  unquoted: ['YAML reads this as {found}.', 'Put it into quotes to make it a text.'],
  'not-listed': ['There is no such value.', '{hint}Write {expected}.'],
  'unknown-kind': ['There is no such kind.', '{hint}Write {expected}.'],
  'too-small': ['The number is too small.', 'Write {expected}.'],
  'too-big': ['The number is too big.', 'Write {expected}.'],
  'too-short': ['The text is empty.', 'Write {expected}.'],
  'too-long': ['The text is longer than {limit} characters.', 'Shorten it.'],
  'too-few': ['The list is empty.', 'Add at least one line beginning with "- ".'],

  'form-id': ['Ids consist of lower-case letters and digits, joined by dashes.', 'Write it like town-hall.'],
  'form-email': ['This is not an e-mail address.', 'Write it like wlan@example.de.'],
  'form-url': ['This is not a web address.', 'Write it with http:// or https://, like https://wlan.example.de.'],
  'form-date': ['This is not a date.', 'Write year, month and day, like 2026-11-01.'],
  'form-address': ['This is not an IP address.', 'Write it like 10.1.0.1; names are not looked up here.'],
  'form-host': [
    'This is neither a host name nor an IP address.',
    'Write only the host, like 10.1.0.1: no http://, no port, no path.',
  ],
  'form-mac': ['This is not the address of a device.', 'Write its six octets like 78:8a:20:59:c6:99.'],
  'form-local-mac': [
    'This is not a locally administered device address.',
    'Write six octets whose first ends in 2, 6, a or e, like 02:00:5e:00:53:01.',
  ],
  'form-node-id': [
    'This is not the id of a Freifunk node.',
    'Write its twelve hexadecimal digits in lower case, like c4e984aa0b1c.',
  ],
  'form-network': ['This is neither an IP address nor a network.', 'Write it like 10.1.0.1 or 10.1.0.0/24.'],
  'form-hex': [
    'The key is not written in hexadecimal digits, two for each octet.',
    'Make one with: openssl rand -hex 16',
  ],
  'form-host-port': ['This is not a host with a port.', 'Write it like 10.77.0.1:2050.'],
  'form-path': [
    'The end of a path that nobody can guess has 16 to 64 letters and digits.',
    'Make one with: openssl rand -hex 16',
  ],
  'form-version': [
    'A version names a file, so it has only letters, digits, dots and dashes.',
    'Write it like 2026-11.',
  ],
  'form-time': ['This is not a time of day.', 'Write hours and minutes with two digits each, like 07:30.'],
  'hours-reversed': [
    'The site closes before it opens.',
    'Let `to` be later than `from`; hours beyond midnight are two entries, one up to 24:00 and one from 00:00.',
  ],
  'form-moment': ['This is not a date with a time.', 'Write both, like 2026-12-01 06:00.'],
  'weekly-reversed': [
    'The work ends before it begins.',
    'Let `to` be later than `from`; beyond midnight are two entries, one up to 24:00 and one from 00:00.',
  ],
  'maintenance-when': ['This does not say when.', 'Give from and until, or weekly and neither of the two.'],
  'maintenance-reversed': ['The work ends before it begins.', 'Let `until` be later than `from`.'],
  'unknown-access-point': ['There is no such access point.', '{hint}Use the id of one under accessPoints.'],
  'uplink-circle': [
    'The access point is reached through itself: {path}.',
    'Let uplinks lead towards the controller; the last one has none.',
  ],
  'time-zone': ['There is no such time zone.', 'Write one like Europe/Berlin.'],
  'german-missing': ['The languages do not contain de.', 'Add de: the German text is the binding one.'],
  'text-german-missing': ['The German text is missing.', 'Add one after `de:`.'],
  'portal-url-path': [
    'The address has more than scheme, host and port, but gateways append their own path.',
    'Write only {origin}.',
  ],

  'login-url': [
    'This is not the address of the router’s login page.',
    'Write link-login-only as the router does: scheme, host and /login, like http://10.5.50.1/login.',
  ],
  'ssl-url': [
    'This is not the address of a login page over TLS.',
    'Write https, host and port without a path, like https://hotspot.example.de:3991.',
  ],
  'controller-url': [
    'This is not the address of a controller.',
    'Write https, host and port without a path, like https://unifi.example.de:8443.',
  ],
  'controller-access': [
    'Nothing says with which key or account the controller is asked.',
    'Give apiKey, or account with username and password.',
  ],
  'controller-shared': [
    '{other} has this controller and site already, so redirects could not be told apart.',
    'List accessPoints at all but one of them.',
  ],
  'captive-api-plain': [
    'Devices ask the captive portal API over https only.',
    'Let portal.url begin with https://, or remove captiveApi.',
  ],

  'secret-form': ['A secret names either a file or an environment variable.', 'Write {file: path} or {env: NAME}.'],
  'secret-file-missing': [
    'The file {file} does not exist.',
    'Correct its path, or write the secret into it; {make} makes a new one.',
  ],
  'secret-file-unreadable': [
    'The file {file} cannot be read ({why}).',
    'Name a file that the user of the service may read.',
  ],
  'secret-variable-unset': ['The environment variable {name} is not set.', 'Set it for the service.'],
  'secret-empty': ['The secret is empty.', '{make}'],
  'secret-demo': ['The secret is one of the demo town, which everybody can read.', '{make}'],
  'secret-well-known': ['The secret is a well-known default.', '{make}'],
  'secret-monotonous': ['The secret repeats the same few characters.', '{make}'],
  'secret-short': ['The secret has fewer than {limit} characters.', '{make}'],

  'duplicate-id': ['{other} has this id already.', 'Choose another one.'],
  'unknown-site': ['There is no such site.', '{hint}Use one of: {sites}; or add it under sites.'],
  'unknown-calendar': ['There is no such calendar.', '{hint}Use one of: {calendars}; or add it under calendars.'],
  'calendar-unusable': [
    'The calendar {file} cannot be used: {why}.',
    'Correct its path or its entries. It takes whole days, as .ics or .json.',
  ],
  'blocking-reversed': ['The blocking ends before it begins.', 'Let `until` be its last day.'],
  'clients-overlap': [
    '{other} sends from the same addresses, so its packets could not be told apart.',
    'Give each gateway addresses of its own, or radius.nasIdentifier to all but one of them.',
  ],
  'same-nas-identifier': [
    '{other} sends from the same addresses under this name, so its packets could not be told apart.',
    'Give each its own NAS-Identifier, here and at the gateway.',
  ],
  'former-secret-same': ['The former secret is the same as the secret.', 'Remove formerSecret, or make a new secret.'],
  'strangers-nowhere': [
    'This says nowhere to put a device without a grant.',
    'Name a vlan or a filter, or write reject.',
  ],
  'gateway-unrecognisable': [
    'Nothing says how its RADIUS packets are recognised.',
    'Add clients with its addresses, or tls with its certificateName or psk.',
  ],
  'tls-identity-twice': ['{other} has the same.', 'Give each gateway a certificate or psk of its own.'],
  'tls-without-radsec': ['This needs {section}, which is not there.', 'Add {section}, or remove this.'],
  'access-point-protocol': [
    'Nothing says whether this access point is asked by SNMP or by respondd.',
    'Add community, snmp or respondd, or controller.snmp for all.',
  ],
  'snmp-twice': ['The way to ask it stands in `snmp`, too.', 'Remove community.'],
  'snmp-password-short': [
    'Passwords of SNMPv3 have at least 8 characters.',
    'Set a longer one, here and at the agent.',
  ],
  'form-oid': [
    'This is not an object identifier in numbers.',
    'Write it like 1.3.6.1.2.1.1.1.0, without a leading dot and without names.',
  ],
  'form-pattern': [
    'This is not a regular expression with one group.',
    'Put what is to be read into round brackets, like Version (.*).',
  ],
  'profile-matches-all': ['Nothing says which devices this profile is for.', 'Give objectIds, answers or both.'],
  'visitor-gateway': [
    'No visitor can be played through this gateway.',
    'Name one of kind uspot, coovachilli or mikrotik, or openNDS at level 1 or 2, each once. Use one of: {gateways}.',
  ],
  'respondd-ipv4': ['This is an IPv4 address, but respondd answers over IPv6 only.', 'Write the node’s IPv6 address.'],
  'respondd-group': [
    'The host is a group of nodes, and nothing says which of them is meant.',
    'Add nodeId, or write the node’s own address as host.',
  ],
  'same-port': ['{other} has this address and port already.', 'Choose another port.'],
  'opennds-level-zero': [
    'Level 0 hands every visitor the token that opens the gateway, so nobody needs the portal.',
    'Set 2 or 3, here and as fas_secure_enabled.',
  ],
  'authmon-path-missing': [
    'At levels 3 and 4 the access point asks for its visitors without any proof who it is.',
    'Add authmonPath; {make} makes one. Set faspath /opennds/{id}/<authmonPath>.',
  ],
  'authmon-needs-https': [
    'At levels 3 and 4 openNDS speaks https only, but portal.url is http.',
    'Serve the portal by https, or use level 2.',
  ],
  'redis-missing': ['Nothing says where Redis is.', 'Add store.redis with server, or set kind: embedded.'],
  'redis-where': [
    'Redis is one server, one socket, or what Sentinels or a cluster say: {found}.',
    'Give exactly one of server, socket, sentinels and cluster.',
  ],
  'redis-database': ['A cluster has only database 0.', 'Remove database; prefix keeps towns apart.'],
  'terms-file-missing': ['The text {file} does not exist.', 'Write it, or correct the version or the folder.'],
  'terms-twice': ['This version is listed already.', 'Give each text a version of its own.'],
  'terms-not-yet': ['No version of the terms is in force yet.', 'Let one be valid from today or earlier.'],
} as const satisfies Record<string, readonly [message: string, remedy: string]>;

export type MistakeKind = keyof typeof MESSAGES;

/** What is wrong and what to do, in words. */
export interface Finding {
  readonly kind: MistakeKind;
  readonly message: string;
  readonly remedy: string;
}

export function finding(kind: MistakeKind, words: Readonly<Record<string, string>> = {}): Finding {
  const fill = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (all, word: string) => words[word] ?? all);
  const [message, remedy] = MESSAGES[kind];
  return { kind, message: fill(message), remedy: fill(remedy) };
}

/** The same as an issue of zod, for `refine` and `addIssue`. */
export function asIssue(kind: MistakeKind, words: Readonly<Record<string, string>> = {}) {
  const found = finding(kind, words);
  return { code: 'custom' as const, message: found.message, params: { finding: found } };
}
