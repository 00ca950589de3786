import { type Attribute, integerAttribute, textAttribute } from './attributes';

/** Where a device that holds no grant is admitted to, and after how many seconds it is asked for again. */
export interface Admission {
  readonly vlan?: number | undefined;
  readonly filter?: string | undefined;
  readonly seconds: number;
}

const TUNNEL_TYPE_VLAN = 13;
const TUNNEL_MEDIUM_IEEE_802 = 6;

/**
 * What an Access-Accept tells about such a device. Tags of the tunnel attributes are zero or left out, as for a single
 * tunnel [RFC 2868 3.1, 3.2, 3.6; RFC 3580 3.31].
 * @param userName  what accounting shall call the device instead of its address
 */
export function writeAdmission({ vlan, filter, seconds }: Admission, userName: string): Attribute[] {
  const attributes = [integerAttribute('Session-Timeout', seconds), textAttribute('User-Name', userName)];
  if (vlan !== undefined) {
    attributes.push(
      integerAttribute('Tunnel-Type', TUNNEL_TYPE_VLAN),
      integerAttribute('Tunnel-Medium-Type', TUNNEL_MEDIUM_IEEE_802),
      textAttribute('Tunnel-Private-Group-Id', String(vlan)),
    );
  }
  if (filter !== undefined) attributes.push(textAttribute('Filter-Id', filter));
  return attributes;
}
