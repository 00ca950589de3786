import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Config } from '../../../config/schema';
import { errnoOf, OperatorError } from '../../../core/errors';
import type { Millis } from '../../../core/time';

type Certificates = NonNullable<NonNullable<Config['radius']['radsec']>['certificates']>;

/** In our order of preference. */
const CIPHERS = [
  // TLS 1.3: those with SHA-256 first, because a pre-shared key fits only these.
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_256_GCM_SHA384',
  // TLS 1.2 with a pre-shared key. Who offers these wants them, even if others are offered beside.
  'ECDHE-PSK-CHACHA20-POLY1305',
  'ECDHE-PSK-AES128-CBC-SHA256',
  'PSK-AES256-GCM-SHA384',
  'PSK-AES128-GCM-SHA256',
  // TLS 1.2 with certificates: only with forward secrecy.
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
].join(':');

/** What TLS needs to know, and when our certificate expires, if there is one. */
export interface TlsContext {
  readonly options: SecureContextOptions;
  readonly expiresAt: Millis | undefined;
}

/**
 * Sessions are not resumed: each connection proves anew who it is.
 * @throws OperatorError RADSEC_CERTIFICATES if a file cannot be read, is not what it should be, or two do not fit
 */
export function tlsContext(certificates: Certificates | undefined): TlsContext {
  const { expiresAt, ...shown } = certificates === undefined ? {} : readCertificates(certificates);
  const options: SecureContextOptions = {
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    // Without a list Node.js would trust the authorities of the web.
    ca: [],
    ...shown,
  };
  return { options, expiresAt };
}

function readCertificates(files: Certificates): { cert: string; key: string; ca: string; expiresAt: Millis } {
  const cert = read(files, 'certificate');
  const key = read(files, 'key');
  const ca = read(files, 'clientAuthority');
  const certificate = attempt(files, 'certificate', 'a certificate', () => new X509Certificate(cert));
  const privateKey = attempt(files, 'key', 'a private key without a passphrase', () => createPrivateKey(key));
  attempt(files, 'clientAuthority', 'a certificate', () => new X509Certificate(ca));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new OperatorError(
      'RADSEC_CERTIFICATES',
      `The private key ${files.key} does not belong to the certificate ${files.certificate}.`,
      'Correct radius.radsec.certificates.key, or make both anew.',
    );
  }
  return { cert, key, ca, expiresAt: Date.parse(certificate.validTo) };
}

function read(files: Certificates, key: keyof Certificates): string {
  try {
    return readFileSync(files[key], 'utf8');
  } catch (error) {
    const code = errnoOf(error) ?? String(error);
    const why = { ENOENT: 'it does not exist', EACCES: 'this user may not read it', EISDIR: 'it is a folder' }[code];
    throw new OperatorError(
      'RADSEC_CERTIFICATES',
      `Cannot read ${files[key]}: ${why ?? code}.`,
      `Correct radius.radsec.certificates.${key}; the user of the service must be able to read the file.`,
      { cause: error },
    );
  }
}

function attempt<T>(files: Certificates, key: keyof Certificates, what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new OperatorError(
      'RADSEC_CERTIFICATES',
      `${files[key]} does not hold ${what} in PEM.`,
      `Correct radius.radsec.certificates.${key}.`,
      { cause: error },
    );
  }
}
