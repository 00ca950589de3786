import type { OutgoingHttpHeaders } from 'node:http';

export const BENCH_KEY = 'bench-key-0123456789-ABCDEFGHIJKLMNOPQRSTUV';

export const PORTAL_URL = 'http://127.0.0.1:8080';
export const UAM_SECRET = 'bench-Uam-secret-0123456789';

/** One site behind a UAM gateway that signs its redirects, as it should. */
export const BENCH_TOWN = `
town: { name: Neuwasser, contact: { email: wlan@neuwasser.example, phone: 02374 1234-0 } }
key: ${BENCH_KEY}
portal: { url: '${PORTAL_URL}', listen: { host: 127.0.0.1, port: 0 } }
sites: [{ id: square, name: Rathausplatz, kind: square }]
gateways:
  - id: town-hall
    kind: uspot
    site: square
    uam: { address: 10.1.0.1, port: 3990, secret: ${UAM_SECRET} }
    radius: { clients: [127.0.0.1], secret: bench-Radius-secret-0123456789 }
`;

/** Answers of the portal for a bare server to repeat. */
export interface Recorded {
  readonly view: Answer;
  readonly accept: Answer;
}

export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** base64 */
  readonly body: string;
}
