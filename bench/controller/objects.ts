import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { snmpProfile } from '../../config/snmp-profile';
import { type Binding, unsigned } from '../../test/controller/ber';

/** The twelve objects that both pollers read of each agent, and the access of all agents. */

export const COMMUNITY = 'public';
export const USER = {
  name: 'stadtfunk',
  authentication: 'sha256',
  authPassword: 'Sommer-am-See',
  privacy: 'aes128',
  privacyPassword: 'Winter-im-Wald',
} as const;

const EXTEND = '1.3.6.1.4.1.8072.1.3.2.3.1.1';
const text = (value: string): Pick<Binding, 'tag' | 'value'> => ({ tag: 0x04, value: Buffer.from(value) });
const number = (tag: number, value: number): Pick<Binding, 'tag' | 'value'> => ({ tag, value: unsigned(value) });

export const OBJECTS: readonly Binding[] = [
  { oid: '1.3.6.1.2.1.1.1.0', ...text('Linux OpenWrt 6.6.93 #0 SMP Mon Jun 23 20:40:36 2025 mips') },
  { oid: '1.3.6.1.2.1.1.3.0', ...number(0x43, 191_000) },
  { oid: '1.3.6.1.2.1.25.1.1.0', ...number(0x43, 3_834_774_601) },
  { oid: '1.3.6.1.4.1.2021.4.5.0', ...number(0x02, 249_344) },
  { oid: '1.3.6.1.4.1.2021.4.6.0', ...number(0x02, 120_000) },
  { oid: '1.3.6.1.4.1.2021.4.14.0', ...number(0x02, 4_000) },
  { oid: '1.3.6.1.4.1.2021.4.15.0', ...number(0x02, 20_000) },
  { oid: '1.3.6.1.4.1.2021.4.27.0', ...number(0x46, 150_000) },
  { oid: '1.3.6.1.4.1.2021.10.1.5.1', ...number(0x02, 37) },
  { oid: `${EXTEND}.6.100.105.115.116.114.111`, ...text('OpenWrt 24.10.2') },
  { oid: `${EXTEND}.8.104.97.114.100.119.97.114.101`, ...text('Linksys WRT1200AC') },
  { oid: `${EXTEND}.12.99.108.105.101.110.116.115.45.119.108.97.110`, ...text('14') },
];

/** An address of its own for each agent of a large town: the whole of 127/8 is this machine. */
export function agentAddress(index: number): string {
  return `127.${1 + (index >> 16)}.${(index >> 8) & 0xff}.${index & 0xff}`;
}

/** What is read where, for our prober: all twelve and nothing else, as the agents have no tables. */
export const PROFILE = snmpProfile.parse({
  id: 'bench',
  match: { answers: ['1.3.6.1.4.1.2021'] },
  scalars: {
    memoryTotalKibibytes: ['1.3.6.1.4.1.2021.4.5.0'],
    memoryFreeKibibytes: ['1.3.6.1.4.1.2021.4.6.0'],
    memoryBuffersKibibytes: ['1.3.6.1.4.1.2021.4.14.0'],
    memoryCachedKibibytes: ['1.3.6.1.4.1.2021.4.15.0'],
    memoryAvailableKibibytes: ['1.3.6.1.4.1.2021.4.27.0'],
    load1Hundredths: ['1.3.6.1.4.1.2021.10.1.5.1'],
    firmware: [`${EXTEND}.6.100.105.115.116.114.111`],
    model: [`${EXTEND}.8.104.97.114.100.119.97.114.101`],
    clients: [`${EXTEND}.12.99.108.105.101.110.116.115.45.119.108.97.110`],
  },
});

/** snmp.yml for the exporter (JSON is YAML): the same objects in one GET. */
export function exporterConfiguration(): string {
  const metrics = OBJECTS.map(({ oid, tag }, i) => ({
    name: `bench_${i}`,
    oid: oid.replace(/\.0$/, ''),
    type: tag === 0x04 ? 'DisplayString' : 'gauge',
    help: 'bench',
  }));
  const ap = { get: OBJECTS.map(({ oid }) => oid), metrics, version: 2, auth: { community: COMMUNITY } };
  return JSON.stringify({ ap });
}

/** CPU that a process has used, in microseconds; from Linux, in steps of ten milliseconds. */
export function cpuMicrosOf(pid: number): number {
  const fields =
    readFileSync(join('/proc', String(pid), 'stat'), 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
