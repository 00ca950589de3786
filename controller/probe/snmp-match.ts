import { Shared } from '../../runtime/shared';
import type { Profile } from '../profiles/profile';
import type { Oid } from './snmp-ber';
import type { SnmpSession } from './snmp-session';

const OBJECT_ID = '1.3.6.1.2.1.1.2'; // sysObjectID, without the .0 that its only object has

/** What tells profiles apart. */
export interface Signs {
  readonly objectId: Oid | undefined;
  /** The branches of `match.answers` that hold anything. */
  readonly answering: ReadonlySet<Oid>;
}

const seen = new Shared<Signs>();

/** Asks what all profiles together want to know, in one request. */
export async function readSigns(session: SnmpSession, profiles: readonly Profile[]): Promise<Signs> {
  const branches = [...new Set(profiles.flatMap(({ match }) => match.answers ?? []))];
  const [objectId, ...found] = await session.firstOf([OBJECT_ID, ...branches]);
  const id = typeof objectId?.value === 'string' ? objectId.value : undefined;
  const answering = branches.filter((_, i) => found[i] !== undefined);
  return seen.of([id, ...answering].join(' '), () => ({ objectId: id, answering: new Set(answering) }));
}

/** The first profile that fits; the last one fits all. */
export function matching(profiles: readonly Profile[], { objectId, answering }: Signs): Profile | undefined {
  const fits = ({ match: { objectIds, answers } }: Profile): boolean =>
    (objectIds === undefined || objectIds.some((prefix) => `${objectId}.`.startsWith(`${prefix}.`))) &&
    (answers === undefined || answers.some((branch) => answering.has(branch)));
  return profiles.find(fits) ?? profiles.at(-1);
}
