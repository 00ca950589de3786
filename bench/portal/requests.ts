import { createHash } from 'node:crypto';
import { DeviceAddress } from '../../core/mac';
import { VisitSeal } from '../../portal/visit-seal';
import { systemRandom } from '../../runtime/random';
import { BENCH_KEY, PORTAL_URL, UAM_SECRET } from './town';

const VISITORS = 20_000;
const CHALLENGE = '6404e33836ce57634cd31263be711b9e';
const HOST = 'Host: 127.0.0.1\r\n';

/** The address to which a uspot gateway sends a browser, signed. */
export const PAGE = signed(
  `/uam/town-hall?res=notyet&uamip=10.1.0.1&uamport=3990&challenge=${CHALLENGE}` +
    '&called=DE-3C-70-95-19-7B&mac=02-11-22-33-44-55&ip=10.1.0.2&nasid=town-hall&sessionid=1795288769000000',
);

function signed(path: string): string {
  const md = createHash('md5').update(`${PORTAL_URL}${path}${UAM_SECRET}`).digest('hex').toUpperCase();
  return `${path}&md=${md}`;
}

export const viewRequest = `GET ${PAGE} HTTP/1.1\r\n${HOST}Accept-Encoding: gzip\r\nAccept-Language: de\r\n\r\n`;

/** The forms of twenty thousand visitors in turn, each of a page of its own: one that was accepted opens nothing more. */
export function acceptances(): () => string {
  const seal = new VisitSeal(BENCH_KEY, systemRandom);
  const visits = Array.from({ length: VISITORS }, (_, i) => {
    const device = DeviceAddress.parse(`02005e${i.toString(16).padStart(6, '0')}`);
    if (device === undefined) throw new Error('no address');
    const visit = { gateway: 'town-hall', site: 'square', device, ticket: CHALLENGE };
    return { visit, termsVersion: '2026-11', language: 'de' } as const;
  });
  let at = 0;
  return () => {
    const shown = visits[at++ % VISITORS];
    return shown === undefined ? '' : `visit=${seal.close({ ...shown, shownAt: Date.now() })}`;
  };
}

export function acceptRequest(form: string): string {
  const type = 'Content-Type: application/x-www-form-urlencoded\r\n';
  return `POST /accept HTTP/1.1\r\n${HOST}${type}Content-Length: ${form.length}\r\n\r\n${form}`;
}
