import type { OutgoingHttpHeaders } from 'node:http';

export const BENCH_KEY = 'bench-key-0123456789-ABCDEFGHIJKLMNOPQRSTUV';

/** One site behind an unsigned UAM gateway, so that redirects can be written down. */
export const BENCH_TOWN = `
town: { name: Neuwasser, contact: { email: wlan@neuwasser.example, phone: 02374 1234-0 } }
key: ${BENCH_KEY}
portal: { url: 'http://127.0.0.1:8080' }
sites: [{ id: square, name: Rathausplatz, kind: square }]
gateways:
  - id: town-hall
    kind: uspot
    site: square
    uam: { address: 10.1.0.1, port: 3990 }
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
