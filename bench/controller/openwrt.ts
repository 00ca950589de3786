import { type Binding, unsigned } from '../../test/controller/ber';
import { OBJECTS } from './objects';

/** An OpenWrt access point with two radios: the twelve objects of each agent, six interfaces, and Wi-Fi of both bands. */

const TAG = { integer: 0x02, text: 0x04, timeTicks: 0x43, counter64: 0x46 } as const;
const UPTIMES = ['1.3.6.1.2.1.1.3.0', '1.3.6.1.2.1.25.1.1.0'];
const INTERFACES = ['lo', 'eth0', 'lan1', 'br-wlan', 'phy0-ap0', 'phy1-ap0'];
/** The table of snmpd-openwrt-metrics. */
const RADIO = '1.3.6.1.4.1.66510.1.10.3.1';
const RADIOS = [
  { index: 5, name: 'phy0-ap0', clients: 5, mhz: 2_437, noise: 95, busy: 31 },
  { index: 6, name: 'phy1-ap0', clients: 9, mhz: 5_500, noise: 102, busy: 7 },
];

const number = (oid: string, tag: number, value: number): Binding => ({ oid, tag, value: unsigned(value) });
const text = (oid: string, value: string): Binding => ({ oid, tag: TAG.text, value: Buffer.from(value) });

/** What it says after so many seconds: its uptime and its counters grow. */
export function openwrtAt(seconds: number): Binding[] {
  const ticks = (191_000 + seconds) * 100;
  return [
    ...OBJECTS.filter(({ oid }) => !UPTIMES.includes(oid)),
    ...UPTIMES.map((oid) => number(oid, TAG.timeTicks, ticks)),
    ...INTERFACES.flatMap((name, i) => [
      text(`1.3.6.1.2.1.31.1.1.1.1.${i + 1}`, name),
      number(`1.3.6.1.2.1.31.1.1.1.6.${i + 1}`, TAG.counter64, 12_345_678_901 + 125_000 * seconds),
      number(`1.3.6.1.2.1.31.1.1.1.10.${i + 1}`, TAG.counter64, 2_345_678_901 + 25_000 * seconds),
      number(`1.3.6.1.2.1.2.2.1.8.${i + 1}`, TAG.integer, 1),
    ]),
    ...RADIOS.flatMap(({ index, name, clients, mhz, noise, busy }) => [
      text(`${RADIO}.2.${index}`, name),
      number(`${RADIO}.4.${index}`, TAG.integer, clients),
      number(`${RADIO}.5.${index}`, TAG.integer, mhz),
      { oid: `${RADIO}.6.${index}`, tag: TAG.integer, value: Buffer.from(Int8Array.of(-noise)) },
      number(`${RADIO}.16.${index}`, TAG.integer, busy),
    ]),
  ];
}
