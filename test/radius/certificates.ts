import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a certificate and its private key lie. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority of its own that issues certificates with openssl, in a folder that goes with it. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'stadtfunk-tls-'));
  #issued = 0;
  readonly #pair: Pair = { certificate: this.path('ca.pem'), key: this.path('ca.key') };

  constructor() {
    const { certificate, key } = this.#pair;
    this.#openssl('req', '-x509', ...NEW_KEY, '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=Town');
  }

  /** The authority's own certificate. */
  get certificate(): string {
    return this.#pair.certificate;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** @param alternative  subjectAltName as openssl writes it, `DNS:a.example` */
  issue(commonName: string, alternative?: string): Pair {
    const pair = this.#next();
    this.#openssl(
      ...['req', '-x509', ...NEW_KEY, '-keyout', pair.key, '-out', pair.certificate, '-days', '2'],
      ...['-CA', this.#pair.certificate, '-CAkey', this.#pair.key, '-subj', `/CN=${commonName}`],
      ...['-addext', 'basicConstraints=critical,CA:FALSE'],
      ...(alternative === undefined ? [] : ['-addext', `subjectAltName=${alternative}`]),
    );
    return pair;
  }

  /** A certificate that was good for a day, years ago. */
  issueExpired(commonName: string): Pair {
    const pair = this.#next();
    const request = this.path('request.pem');
    const settings = this.path('ca.conf');
    const database = this.path('index.txt');
    writeFileSync(database, '');
    writeFileSync(
      settings,
      `[ca]\ndefault_ca=a\n[a]\ndatabase=${database}\nnew_certs_dir=${this.#folder}\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n`,
    );
    this.#openssl('req', '-new', ...NEW_KEY, '-keyout', pair.key, '-out', request, '-subj', `/CN=${commonName}`);
    this.#openssl(
      ...['ca', '-batch', '-config', settings, '-in', request, '-out', pair.certificate, '-notext'],
      ...['-cert', this.#pair.certificate, '-keyfile', this.#pair.key, '-md', 'sha256'],
      ...['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'],
    );
    return pair;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #next(): Pair {
    this.#issued += 1;
    return { certificate: this.path(`${this.#issued}.pem`), key: this.path(`${this.#issued}.key`) };
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}
