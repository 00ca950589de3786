import ipaddr from 'ipaddr.js';

export type Range = [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** Whether both are the same addresses. Each is an IP address or a network such as 10.1.0.0/24. */
export function sameNetwork(a: string, b: string): boolean {
  const [one, other] = [rangeOf(a), rangeOf(b)];
  return one[1] === other[1] && one[0].kind() === other[0].kind() && one[0].match(other[0], one[1]);
}

/** The first address and the length of the prefix; IPv4 also where it is written as IPv6. */
export function rangeOf(text: string): Range {
  if (text.includes('/')) {
    const [address, bits] = ipaddr.parseCIDR(text);
    const mapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96;
    return mapped ? [address.toIPv4Address(), bits - 96] : [address, bits];
  }
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** Whether an address, as a socket gives it, lies in one of the networks. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return networks.some((network) => {
    const range = rangeOf(network);
    return range[0].kind() === parsed.kind() && parsed.match(range);
  });
}
