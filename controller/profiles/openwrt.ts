import { generic } from './generic';
import type { Profile } from './profile';

/** OpenWrt with snmpd or mini_snmpd: adds load and memory (UCD-SNMP-MIB) and Wi-Fi clients (a script of LibreNMS). */
export const openwrt: Profile = {
  scalars: {
    ...generic.scalars,
    load1Hundredths: '1.3.6.1.4.1.2021.10.1.5.1', // laLoadInt, one minute
    memoryTotalKibibytes: '1.3.6.1.4.1.2021.4.5.0', // memTotalReal
    memoryAvailableKibibytes: '1.3.6.1.4.1.2021.4.27.0', // memSysAvail, net-snmp 5.9 and newer
    memoryFreeKibibytes: '1.3.6.1.4.1.2021.4.6.0', // memAvailReal: only what is entirely free
    memoryBuffersKibibytes: '1.3.6.1.4.1.2021.4.14.0', // memBuffer
    memoryCachedKibibytes: '1.3.6.1.4.1.2021.4.15.0', // memCached
    clients: '1.3.6.1.4.1.8072.1.3.2.3.1.1.12.99.108.105.101.110.116.115.45.119.108.97.110', // nsExtendOutput1Line."clients-wlan"
  },
  columns: generic.columns,
};
