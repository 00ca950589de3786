import type { GatewayServices } from '../../../portal/gateways/gateway';
import { Guests } from '../../../portal/gateways/unifi/guests';
import { Pace } from '../../../portal/gateways/unifi/pace';
import { type Clock, ManualClock } from '../../../runtime/clock';
import { silentLog } from '../../../runtime/log';
import { systemRandom } from '../../../runtime/random';
import { NOW } from './town';

/** What an adapter works with, for tests of an adapter by itself: nobody waits at a gateway that asks. */
export function gatewayServices(clock: Clock = new ManualClock(NOW), log = silentLog): GatewayServices {
  const absent = () => Promise.reject(new Error('There is no store here.'));
  const waiting = {
    putWaiting: absent,
    takeWaiting: absent,
    settleWaiting: absent,
    forgetWaiting: absent,
    isWaiting: absent,
  };
  return { clock, random: systemRandom, log, waiting, guests: new Guests(), guestPace: new Pace(systemRandom) };
}
