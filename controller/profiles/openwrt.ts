import { defineProfile } from './profile';

/** nsExtendOutput1Line and nsExtendOutputFull of NET-SNMP-EXTEND-MIB: what a script printed, by the script's name. */
const LINE = '1.3.6.1.4.1.8072.1.3.2.3.1.1';
const FULL = '1.3.6.1.4.1.8072.1.3.2.3.1.2';
/** The package snmpd-openwrt-metrics, under OpenWrt's own number. */
const METRICS = '1.3.6.1.4.1.66510.1.10';

/**
 * OpenWrt with snmpd or mini_snmpd, and other Linux devices that answer as they do. Wi-Fi comes from
 * snmpd-openwrt-metrics, or else from the scripts of LibreNMS (`extend`).
 */
export const openwrt = defineProfile({
  id: 'openwrt',
  match: { answers: ['1.3.6.1.4.1.2021.4', '1.3.6.1.4.1.2021.10', METRICS, LINE] },
  scalars: {
    load1Hundredths: ['1.3.6.1.4.1.2021.10.1.5.1'], // laLoadInt, one minute
    memoryTotalKibibytes: ['1.3.6.1.4.1.2021.4.5.0', '1.3.6.1.2.1.25.2.3.1.5.1'], // memTotalReal, else hrStorageSize
    memoryAvailableKibibytes: ['1.3.6.1.4.1.2021.4.27.0'], // memSysAvail, net-snmp 5.9 and newer
    memoryFreeKibibytes: ['1.3.6.1.4.1.2021.4.6.0'], // memAvailReal: only what is entirely free
    memoryUsedKibibytes: ['1.3.6.1.2.1.25.2.3.1.6.1'], // hrStorageUsed of "Physical memory", where there is no UCD-SNMP-MIB
    memoryBuffersKibibytes: ['1.3.6.1.4.1.2021.4.14.0'], // memBuffer
    memoryCachedKibibytes: ['1.3.6.1.4.1.2021.4.15.0'], // memCached
    clients: [`${METRICS}.2.0`, `${LINE}.12.99.108.105.101.110.116.115.45.119.108.97.110`], // "clients-wlan"
    firmware: [`${LINE}.6.100.105.115.116.114.111`], // "distro"
    model: [`${LINE}.8.104.97.114.100.119.97.114.101`], // "hardware"
  },
  radios: [
    {
      name: `${METRICS}.3.1.2`,
      clients: `${METRICS}.3.1.4`,
      frequencyMhz: `${METRICS}.3.1.5`,
      noiseDbm: `${METRICS}.3.1.6`,
      channelUtilizationPercent: `${METRICS}.3.1.16`,
      zeroIsUnknown: true,
    },
  ],
  namedRadios: {
    names: `${FULL}.10.105.110.116.101.114.102.97.99.101.115`, // "interfaces": lines such as wlan0,label
    frequencyMhz: `${LINE}."frequency-{name}"`,
    clients: `${LINE}."clients-{name}"`,
    noiseDbm: `${LINE}."noise-floor-{name}"`,
  },
  uplink: ['wan', 'eth0'],
  wlan: ['wlan', 'phy'],
});
