import type { AccessPoint, Config } from '../config/schema';
import { Secret } from '../config/secret';
import type { Radio, Sample } from '../controller/probe/probe';
import { SnmpProber } from '../controller/probe/snmp';
import { OperatorError } from '../core/errors';
import { IGNORED, type IgnoredReason, MISS, type MissReason } from '../core/reasons';
import { DAY, HOUR, MINUTE, SECOND } from '../core/time';
import { systemClock } from '../runtime/clock';
import { configOfProduct } from './ask-product';

export interface SnmpProbeOptions {
  readonly config?: string;
  readonly port?: number;
  /** Name of the environment variable that holds a community. */
  readonly communityEnv?: string;
  readonly member?: string;
}

/** What to do about each way to get no answer. */
const REMEDY: Readonly<Record<MissReason, string>> = {
  timeout:
    'Is it switched on, is SNMP enabled, may this machine ask (firewall, access list), is the community right? Agents keep silent to a wrong one.',
  refused: 'Start its SNMP agent, or give its port with --port.',
  malformed: 'What came is listed below; look with tcpdump what sends it.',
  error: 'See the log of its SNMP agent.',
  'access-refused':
    'Check user, passwords and algorithms: authentication SHA-256 or longer, privacy AES, level authPriv.',
  'member-unknown': 'Give the name or the hardware address that the controller has for it with --member.',
  'member-down': 'Nothing to mend here: look at the access point.',
  unresolved: 'Correct the name, or give an address.',
  unreachable: 'Check address and routes of this machine.',
};

/**
 * `stadtfunk snmp probe HOST`: what a device answers by SNMP and which profile fits.
 * @returns the exit code: 1 if it did not answer
 * @throws OperatorError if it is not clear how to ask
 */
export async function snmpProbe(host: string, options: SnmpProbeOptions): Promise<number> {
  const config = options.config === undefined ? undefined : configOfProduct(options.config);
  const ap = accessPointFor(host, config, options);
  const ignored = new Set<IgnoredReason>();
  const settings = config?.controller ?? { profiles: [] };
  const prober = new SnmpProber({
    clock: systemClock,
    onIgnored: (reason) => ignored.add(reason),
    snmp: () => settings,
  });
  try {
    // The clock's timers alone would not keep the process waiting for an answer; the socket does.
    const result = await prober.probe(ap, new AbortController().signal);
    const found = prober.foundOut(ap);
    const lines = result.answered
      ? [`It is read with the profile ${found?.profile.id ?? 'generic'}.`, ...described(result.sample)]
      : [`No usable answer: ${MISS[result.reason]}.`, REMEDY[result.reason]];
    const objectId = found === undefined ? [] : [`sysObjectID: ${found.signs.objectId ?? 'it says none'}`];
    const branches = [...(found?.signs.answering ?? [])].map((branch) => `It answers below ${branch}.`);
    const noise = [...ignored].map((reason) => `Ignored: ${IGNORED[reason]}.`);
    process.stdout.write(`${[...objectId, ...branches, ...lines, ...noise].join('\n')}\n`);
    return result.answered ? 0 : 1;
  } finally {
    await prober.close();
  }
}

/** The access point of the configuration with this id or host; else any device, asked as the options or the town say. */
function accessPointFor(host: string, config: Config | undefined, options: SnmpProbeOptions): AccessPoint {
  const listed = config?.accessPoints.find((ap) => ap.id === host || ap.host === host);
  const given = options.communityEnv === undefined ? undefined : communityFrom(options.communityEnv);
  const more = {
    ...(options.port !== undefined && { port: options.port }),
    ...(options.member !== undefined && { member: options.member }),
  };
  if (listed !== undefined && given === undefined) {
    if (listed.respondd === undefined) return { ...listed, ...more };
    throw new OperatorError(
      'SNMP_RESPONDD',
      `${listed.id} is asked by respondd, not by SNMP.`,
      'Give its address and --community-env to ask it by SNMP nevertheless.',
    );
  }
  const isTownWide = given === undefined && config?.controller.snmp !== undefined;
  const snmp = { version: 'v2c', community: given ?? new Secret('public') } as const;
  const asked = listed?.host ?? host;
  return { id: 'probed', name: asked, site: 'none', host: asked, port: 161, ...(!isTownWide && { snmp }), ...more };
}

function communityFrom(name: string): Secret {
  const community = process.env[name];
  if (community !== undefined && community !== '') return new Secret(community);
  throw new OperatorError(
    'SNMP_COMMUNITY',
    `The environment variable ${name} is not set.`,
    `Set it: ${name}=... stadtfunk snmp probe ...`,
  );
}

function described(sample: Sample): string[] {
  const { uptime, memory, clients, clientsByBand, traffic } = sample;
  const bands = [...(clientsByBand ?? [])].map(([band, count]) => `${band} GHz: ${count}`).join(', ');
  const facts: (readonly [string, string | number | undefined])[] = [
    ['description', sample.description || undefined],
    ['vendor', sample.vendor],
    ['model', sample.model],
    ['firmware', sample.firmware],
    ['uptime', uptime && `${duration(uptime.seconds)}${uptime.source === 'agent' ? ' (of its SNMP agent only)' : ''}`],
    ['load', sample.load1],
    ['memory', memory && `${mebibytes(memory.availableBytes)} of ${mebibytes(memory.totalBytes)} MiB available`],
    ['clients', clients === undefined ? undefined : `${clients}${bands && ` (${bands})`}`],
    ...[...(sample.radios ?? [])].map(([name, radio]) => [`radio ${name}`, describedRadio(radio)] as const),
    ['uplink', octets(traffic?.get('uplink'))],
    ['wlan', octets(traffic?.get('wlan'))],
    [
      'interfaces',
      [...sample.interfaces].map(([name, { up }]) => `${name}${up ? '' : ' (down)'}`).join(', ') || undefined,
    ],
  ];
  const known = facts.flatMap(([what, value]) => (value === undefined ? [] : [`${what}: ${value}`]));
  const silent = facts.flatMap(([what, value]) => (value === undefined && what !== 'vendor' ? [what] : []));
  return silent.length === 0 ? known : [...known, `It does not say: ${silent.join(', ')}.`];
}

function describedRadio({ band, noiseDbm, channelUtilization }: Radio): string {
  const parts = [
    band === undefined ? undefined : `${band} GHz`,
    noiseDbm === undefined ? undefined : `noise ${noiseDbm} dBm`,
    channelUtilization === undefined ? undefined : `channel busy ${Math.round(channelUtilization * 100)} %`,
  ];
  return parts.filter((part) => part !== undefined).join(', ') || 'there';
}

function octets(traffic: { readonly receiveOctets: number; readonly transmitOctets: number } | undefined) {
  return traffic && `${mebibytes(traffic.receiveOctets)} MiB received, ${mebibytes(traffic.transmitOctets)} MiB sent`;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function duration(seconds: number): string {
  const millis = seconds * SECOND;
  const [days, hours, minutes] = [
    Math.floor(millis / DAY),
    Math.floor((millis % DAY) / HOUR),
    (millis % HOUR) / MINUTE,
  ];
  return `${days} d ${hours} h ${Math.floor(minutes)} min`;
}
