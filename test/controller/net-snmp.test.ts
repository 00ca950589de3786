import {
  AuthProtocols,
  createAgent,
  MaxAccess,
  MibProviderType,
  ObjectType,
  PrivProtocols,
  SecurityLevel,
} from 'net-snmp';
import type { AccessPoint } from '../../config/schema';
import { Secret } from '../../config/secret';
import { SnmpProber } from '../../controller/probe/snmp';
import { systemClock } from '../../runtime/clock';
import { freeUdpPort } from '../support/ports';

/** The parts of net-snmp's agent that its types leave out. */
interface Agent {
  getAuthorizer(): { addUser(user: object): void; addCommunity(community: string): void };
  getMib(): { setScalarValue(provider: string, value: string | number): void };
  registerProviders(providers: readonly object[]): void;
  close(): void;
}

const PASSWORDS = { authPassword: 'Sommer-am-See', privacyPassword: 'Winter-im-Wald' };

let agent: Agent;
let port: number;

beforeAll(async () => {
  port = await freeUdpPort();
  const readOnly = { type: MibProviderType.Scalar, maxAccess: MaxAccess['read-only'] };
  agent = createAgent({ port, address: '127.0.0.1', engineID: '8000B98380ABCDEF12345678' }, () => {});
  agent.registerProviders([
    { name: 'sysDescr', oid: '1.3.6.1.2.1.1.1', scalarType: ObjectType.OctetString, ...readOnly },
    { name: 'sysUpTime', oid: '1.3.6.1.2.1.1.3', scalarType: ObjectType.TimeTicks, ...readOnly },
  ]);
  agent.getMib().setScalarValue('sysDescr', 'An agent of net-snmp');
  agent.getMib().setScalarValue('sysUpTime', 123_400);
  agent.getAuthorizer().addUser({
    name: 'stadtfunk',
    level: SecurityLevel.authPriv,
    authProtocol: AuthProtocols.sha256,
    authKey: PASSWORDS.authPassword,
    privProtocol: PrivProtocols.aes,
    privKey: PASSWORDS.privacyPassword,
  });
});
afterAll(() => agent.close());

test('SNMPv3 works with a second, independent implementation', async () => {
  const prober = new SnmpProber({ clock: systemClock, onIgnored: () => {} });
  const snmp: NonNullable<AccessPoint['snmp']> = {
    version: 'v3',
    user: 'stadtfunk',
    authentication: 'sha256',
    authPassword: new Secret(PASSWORDS.authPassword),
    privacy: 'aes128',
    privacyPassword: new Secret(PASSWORDS.privacyPassword),
  };
  const ap: AccessPoint = { id: 'ap', name: 'AP', site: 'site', host: '127.0.0.1', port, snmp };
  try {
    for (let i = 0; i < 2; i++) {
      expect(await prober.probe(ap, new AbortController().signal)).toEqual({
        answered: true,
        sample: {
          description: 'An agent of net-snmp',
          uptime: { seconds: 1_234, source: 'agent' },
          interfaces: new Map(),
        },
      });
    }
  } finally {
    await prober.close();
  }
});
