import { airos } from './airos';
import { arubaInstant } from './aruba-instant';
import { generic } from './generic';
import { mikrotik } from './mikrotik';
import { openwrt } from './openwrt';
import type { Profile } from './profile';
import { tplinkEap } from './tplink-eap';
import { unifi } from './unifi';

/** In this order they are tried: those that look at more come first. */
export const PROFILES: readonly Profile[] = [unifi, airos, mikrotik, arubaInstant, tplinkEap, openwrt, generic];
