import { defineProfile } from './profile';

/**
 * TP-Link EAP and Omada access points: only the number of clients, which some firmware gives as 0 for ever (EAP610). Its
 * table of clients names their addresses and is never asked for.
 */
export const tplinkEap = defineProfile({
  id: 'tplink-eap',
  vendor: 'TP-Link',
  match: { objectIds: ['1.3.6.1.4.1.11863'] },
  scalars: { clients: ['1.3.6.1.4.1.11863.10.1.1.1.0'] },
  uplink: ['eth0', 'br0'],
  wlan: ['ath', 'wlan', 'ra'],
});
