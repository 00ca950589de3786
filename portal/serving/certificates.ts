import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Config } from '../../config/schema';
import { MINUTE } from '../../core/time';
import { type Certificate, readCertificate } from '../../runtime/certificate';
import type { Cancel, Clock } from '../../runtime/clock';
import type { Live } from '../../runtime/live';
import type { Log } from '../../runtime/log';
import type { ServingMetrics } from './metrics';

/** Renewed certificates are taken up within this time, without any signal. */
const LOOK_EVERY_MS = MINUTE;

type Tls = NonNullable<Config['portal']['tls']>;

interface Dependencies {
  readonly config: Live<Config>;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ServingMetrics;
}

/** HTTPS with a certificate from files, which may be exchanged while connections stay open. */
export class Certificates {
  readonly #dependencies: Dependencies;
  readonly #server: Server;
  #used: Certificate;
  #complaint = '';
  readonly #stop: Cancel;

  /** @throws OperatorError CERTIFICATE_UNUSABLE */
  constructor(dependencies: Dependencies, tls: Tls, options: ServerOptions, listener: RequestListener) {
    this.#dependencies = dependencies;
    this.#used = this.#read(tls);
    this.#server = createServer({ ...options, ...TLS, ...contextOf(this.#used) }, listener);
    this.#judge();
    dependencies.config.onChange(() => this.#look());
    this.#stop = dependencies.clock.every(LOOK_EVERY_MS, () => this.#look());
  }

  get server(): Server {
    return this.#server;
  }

  stop(): void {
    this.#stop();
  }

  #read(tls: Tls): Certificate {
    return readCertificate(
      tls,
      'portal.tls',
      new URL(this.#dependencies.config.current.portal.url).hostname.replace(/^\[|\]$/g, ''),
    );
  }

  /** Takes up what is in the files now. What cannot be used is said once, and the last good one goes on. */
  #look(): void {
    const { tls } = this.#dependencies.config.current.portal;
    if (tls === undefined) return;
    try {
      const found = this.#read(tls);
      this.#complaint = '';
      if (found.cert !== this.#used.cert || found.key !== this.#used.key) {
        this.#server.setSecureContext({ ...SECURE_CONTEXT, ...contextOf(found) });
        this.#used = found;
        this.#dependencies.log.info('certificate-exchanged', { message: `valid until ${dateOf(found.validTo)}` });
      }
      this.#judge();
    } catch (error) {
      if (String(error) === this.#complaint) return;
      this.#complaint = String(error);
      this.#dependencies.log.error('certificate-unusable', { message: this.#complaint });
    }
  }

  /** A server with an expired certificate still serves: RADIUS and the rest of the portal need not stop with it. */
  #judge(): void {
    const { validFrom, validTo } = this.#used;
    const now = this.#dependencies.clock.now();
    this.#dependencies.metrics.certificateExpires(validTo);
    if (now >= validFrom && now < validTo) return;
    const complaint = now < validFrom ? `valid only from ${dateOf(validFrom)}` : `expired on ${dateOf(validTo)}`;
    if (complaint === this.#complaint) return;
    this.#complaint = complaint;
    this.#dependencies.log.error('certificate-not-valid', {
      message: `The certificate of portal.tls is ${complaint}: browsers refuse the portal. Renew it; it is taken up at once.`,
    });
  }
}

const SECURE_CONTEXT = { minVersion: 'TLSv1.2', honorCipherOrder: true } as const;
const TLS = { ...SECURE_CONTEXT, handshakeTimeout: 10_000, ALPNProtocols: ['http/1.1'] };

function contextOf({ cert, key }: Certificate) {
  return { cert, key };
}

function dateOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10);
}
