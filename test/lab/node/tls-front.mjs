// The proxy that ends TLS before the portal: HTTPS for openNDS at level 3, on port 443.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createServer } from 'node:tls';

const [folder, port] = process.argv.slice(2);
const options = { cert: readFileSync(`${folder}/site.pem`), key: readFileSync(`${folder}/site.key`) };
createServer(options, (visitor) => {
  const portal = connect(Number(port), '127.0.0.1');
  visitor.pipe(portal).pipe(visitor);
  for (const end of [visitor, portal]) end.on('error', () => { visitor.destroy(); portal.destroy(); });
}).listen(443);
