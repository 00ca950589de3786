import { readFileSync } from 'node:fs';
import { type Product, prepareProduct } from '../support/product';
import type { Target } from './fuzz';

/** With which the seeds are sealed; the passwords in them are hidden with it. */
const SECRET = 'only-for-these-vectors-4wP';

/** The product as its users run it, with a gateway whose secret the attacker knows, and no grant for anybody. */
export async function startTarget(): Promise<{ readonly product: Product; readonly target: Target }> {
  const product = await prepareProduct((ports) => ({
    gateways: [
      {
        id: 'gw-rathaus',
        kind: 'coovachilli',
        site: 'rathaus',
        uam: { address: '127.0.0.1', port: ports.gateway },
        radius: { clients: ['127.0.0.1'], secret: SECRET },
      },
    ],
  }));
  await product.start();
  const target: Target = {
    secret: Buffer.from(SECRET),
    authenticationPort: product.ports.authentication,
    accountingPort: product.ports.accounting,
    mayEnter: () => false,
    metrics: async () => (await fetch(`${product.opsUrl}/metrics`)).text(),
    memory: async () => residentOctets(product.pid()),
  };
  return { product, target };
}

/** Memory of its own, without the store's files, which the kernel maps into the process and takes back at will. */
function residentOctets(pid: number): number {
  const kilobytes = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
