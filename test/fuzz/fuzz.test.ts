import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describeWith } from '../support/packages';
import type { Product } from '../support/product';
import { fuzz, type Report, type Target } from './fuzz';
import { startTarget } from './target';

/** Always the same packets, so that a failure can be had again; `npm run fuzz` takes others. */
const SEED = 5176;
const PACKETS = 60_000;
const SECONDS = 20;
const ROOM_OCTETS = 96 * 2 ** 20;

describeWith(
  'radclient',
  'mutated packets at the running product, from a gateway whose secret the attacker knows',
  () => {
    let product: Product;
    let target: Target;
    let report: Report;

    beforeAll(async () => {
      ({ product, target } = await startTarget());
      report = await fuzz(target, { packets: PACKETS, seconds: SECONDS, seed: SEED });
    });
    afterAll(() => product?.remove());

    test('every reply belongs to a packet that proves who sent it, is sealed right, and lets nobody in without a grant', () => {
      expect(report.violations).toEqual([]);
      expect(report.answered).toBeGreaterThan(report.packets / 20);
      expect(report.accepted).toBeGreaterThan(50);
    });

    test('every packet is counted: answered, or dropped for a reason', () => {
      expect(report.unaccounted).toBe(0);
      const reasons = ['bad-authenticator', 'incomplete', 'malformed', 'message-authenticator-missing', 'wrong-port'];
      expect(Object.keys(report.dropped)).toEqual(expect.arrayContaining(reasons));
      expect(report.dropped).not.toHaveProperty('store-failed');
    });

    test('memory does not grow with what strangers send', () => {
      const [warm, end] = report.memory;
      expect(end - warm).toBeLessThan(ROOM_OCTETS);
    });

    test('it still answers radclient, and stops in order', async () => {
      const asked = promisify(execFile)('radclient', [
        `127.0.0.1:${target.authenticationPort}`,
        'status',
        `${target.secret}`,
      ]);
      asked.child.stdin?.end('Message-Authenticator = 0x00\n');
      expect((await asked).stdout).toContain('Access-Accept');
      expect(product.output()).not.toContain('"level":"fatal"');
      expect(await product.end('SIGTERM')).toBe(0);
    });
  },
);
