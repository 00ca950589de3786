import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every form in which a device address could leak: with colons, dashes, dots or nothing in lower and upper case, as an
 * integer, base64, EUI-64, and hashed (MD5, SHA-1, SHA-256 of the text). Binary forms are there besides the text.
 * @param device  six octets in hexadecimal, `02:11:22:33:44:55`
 */
export function canaries(device: string): Buffer[] {
  const octets = Buffer.from(device.replaceAll(/[^0-9a-f]/gi, ''), 'hex');
  const pairs = octets.toString('hex').match(/../g) ?? [];
  const quads = octets.toString('hex').match(/..../g) ?? [];
  const texts = [pairs.join(':'), pairs.join('-'), quads.join('.'), pairs.join('')];
  const bothCases = texts.flatMap((text) => [text, text.toUpperCase()]);

  // EUI-64 puts ff:fe into the middle; IPv6 also flips the universal/local bit (RFC 4291, appendix A).
  const eui64 = Buffer.concat([octets.subarray(0, 3), Buffer.from('fffe', 'hex'), octets.subarray(3)]);
  const interfaceId = Buffer.from(eui64);
  interfaceId[0] = (interfaceId[0] ?? 0) ^ 2;
  const eui64Texts = [eui64, interfaceId].flatMap((id) => {
    const hex = id.toString('hex');
    return [hex, hex.match(/../g)?.join(':') ?? '', hex.match(/..../g)?.join(':') ?? ''];
  });
  const digests = bothCases.flatMap((text) =>
    ['md5', 'sha1', 'sha256'].map((name) => createHash(name).update(text).digest()),
  );
  return [
    ...[...bothCases, String(octets.readUIntBE(0, 6)), ...eui64Texts].map((text) => Buffer.from(text)),
    ...[octets.toString('base64'), octets.toString('base64url')].map((text) => Buffer.from(text)),
    ...digests.flatMap((digest) => [digest, ...textsOf(digest)]),
    ...[octets, eui64, interfaceId],
  ];
}

/** Every form in which an IPv4 address could leak, likewise. Its four octets alone would be found by chance. */
export function addressCanaries(address: string): Buffer[] {
  const octets = Buffer.from(address.split('.').map(Number));
  const hex = octets.toString('hex');
  const reverse = [...octets].reverse().join('.');
  const texts = [address, address.replaceAll('.', '-'), reverse, hex, hex.toUpperCase(), String(octets.readUInt32BE())];
  const mapped = `::ffff:${hex.slice(0, 4)}:${hex.slice(4)}`;
  const digests = ['md5', 'sha1', 'sha256'].map((name) => createHash(name).update(address).digest());
  return [
    ...[...texts, mapped, octets.toString('base64')].map((text) => Buffer.from(text)),
    ...digests.flatMap((digest) => [digest, ...textsOf(digest)]),
  ];
}

/** An octet string as the texts in which somebody may have written it down. */
function textsOf(octets: Buffer): Buffer[] {
  return [octets.toString('hex'), octets.toString('hex').toUpperCase(), octets.toString('base64')].map((text) =>
    Buffer.from(text),
  );
}

export interface Find {
  readonly file: string;
  readonly needle: string;
}

/** Which of the needles lie in the files of a folder and its subfolders. The expected answer is an empty list. */
export function searchFiles(folder: string, needles: readonly Buffer[]): Find[] {
  return filesOf(folder).flatMap((file) => {
    const content = readFileSync(file);
    return needles
      .filter((needle) => content.includes(needle))
      .map((needle) => ({ file, needle: `${needle.toString('latin1')} (${needle.toString('hex')})` }));
  });
}

/** The regular files of a folder and its subfolders. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
