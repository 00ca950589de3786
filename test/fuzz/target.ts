import { readFileSync } from 'node:fs';
import { gatewayOf, type Product, prepareProduct, TEST_RADIUS_SECRET } from '../support/product';
import { acceptTerms } from '../support/visitor';
import type { Target } from './fuzz';
import { fieldsOf } from './packet';

/** With which the seeds are sealed; the passwords in them are hidden with it. */
const SECRET = 'only-for-these-vectors-4wP';

const CALLING_STATION_ID = 31;
/** The only device with a grant. Some of the seeds ask for it. */
const VISITOR = '02:11:22:33:44:55';

/** The product as its users run it, with a gateway whose secret the attacker knows, and one grant. */
export async function startTarget(): Promise<{ readonly product: Product; readonly target: Target }> {
  const product = await prepareProduct((ports) => ({
    gateways: [
      {
        id: 'gw-rathaus',
        kind: 'coovachilli',
        site: 'rathaus',
        uam: { address: '127.0.0.1', port: ports.gateway },
        radius: { clients: ['127.0.0.9'], secret: TEST_RADIUS_SECRET },
      },
      { id: 'ap-rathaus', kind: 'hostapd', site: 'rathaus', radius: { clients: ['127.0.0.1'], secret: SECRET } },
    ],
  }));
  await product.start();
  if ((await acceptTerms(product.portalUrl, gatewayOf(product), VISITOR)) === undefined) throw new Error('no grant');
  const target: Target = {
    secret: Buffer.from(SECRET),
    authenticationPort: product.ports.authentication,
    accountingPort: product.ports.accounting,
    mayEnter: isVisitor,
    metrics: async () => (await fetch(`${product.opsUrl}/metrics`)).text(),
    memory: async () => residentOctets(product.pid()),
  };
  return { product, target };
}

/** Does the request ask for the device with the grant? */
function isVisitor(request: Buffer): boolean {
  const device = fieldsOf(request).find(({ type }) => type === CALLING_STATION_ID);
  return device?.value.toString('latin1').replace(/[^0-9a-f]/gi, '') === VISITOR.replaceAll(':', '');
}

/** Memory of its own, without the store's files, which the kernel maps into the process and takes back at will. */
function residentOctets(pid: number): number {
  const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
