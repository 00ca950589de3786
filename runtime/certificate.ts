import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { errnoOf, OperatorError } from '../core/errors';
import type { Millis } from '../core/time';

/** Where a server's certificate lies. */
export interface CertificateFiles {
  /** PEM: the server's own, then those between it and its authority. */
  readonly certificate: string;
  /** PEM, without a passphrase. */
  readonly key: string;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly validFrom: Millis;
  readonly validTo: Millis;
}

/**
 * Reads a certificate and its key.
 * @param setting  where both are set, for the remedy: `portal.tls`
 * @param hostname  the name or IP address by which browsers reach the server
 * @throws OperatorError CERTIFICATE_UNUSABLE if a file cannot be read, is not what it should be, or they do not fit
 */
export function readCertificate(files: CertificateFiles, setting: string, hostname: string): Certificate {
  const [cert, key] = [read(files.certificate, `${setting}.certificate`), read(files.key, `${setting}.key`)];
  const certificate = parse(
    files.certificate,
    'a certificate',
    `${setting}.certificate`,
    () => new X509Certificate(cert),
  );
  const privateKey = parse(files.key, 'a private key without a passphrase', `${setting}.key`, () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw unusable(
      `The private key ${files.key} does not belong to the certificate ${files.certificate}.`,
      `Correct ${setting}.key, or make both anew.`,
    );
  }
  const name = isIP(hostname) === 0 ? certificate.checkHost(hostname) : certificate.checkIP(hostname);
  if (name === undefined) {
    throw unusable(
      `The certificate ${files.certificate} is not for ${hostname} but for ${certificate.subjectAltName ?? 'nobody'}.`,
      `Correct ${setting}.certificate, or the address of the server.`,
    );
  }
  return { cert, key, validFrom: Date.parse(certificate.validFrom), validTo: Date.parse(certificate.validTo) };
}

function read(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = errnoOf(error) ?? String(error);
    const why = { ENOENT: 'it does not exist', EACCES: 'this user may not read it', EISDIR: 'it is a folder' }[code];
    throw unusable(
      `Cannot read ${file}: ${why ?? code}.`,
      `Correct ${setting}; the user of the service must be able to read the file.`,
      error,
    );
  }
}

function parse<T>(file: string, what: string, setting: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw unusable(`${file} does not hold ${what} in PEM.`, `Correct ${setting}.`, error);
  }
}

function unusable(message: string, remedy: string, cause?: unknown): OperatorError {
  return new OperatorError('CERTIFICATE_UNUSABLE', message, remedy, { cause });
}
