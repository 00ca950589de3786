// The small internet: inet-server.mjs ADDRESS STATE. It answers what phones and computers ask to find out whether they
// are online, swallows uploads (POST), gives downloads (/bytes?n=1000000), and has a plain page for every other name.
import { appendFile, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [address, state] = process.argv.slice(2);
const APPLE = '<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>';
const PROBES = {
  '/generate_204': [204, 'text/plain', ''],
  '/gen_204': [204, 'text/plain', ''],
  '/hotspot-detect.html': [200, 'text/html', APPLE],
  '/library/test/success.html': [200, 'text/html', APPLE],
  '/connecttest.txt': [200, 'text/plain', 'Microsoft Connect Test'],
  '/ncsi.txt': [200, 'text/plain', 'Microsoft NCSI'],
  '/success.txt': [200, 'text/plain', 'success\n'],
  '/canonical.html': [
    200,
    'text/html',
    '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>',
  ],
  '/check_network_status.txt': [200, 'text/plain', 'NetworkManager is online\n'],
};

async function answer(request, response) {
  const host = (request.headers.host ?? '-').replace(/[^\w.:-]/g, '');
  const url = new URL(request.url, 'http://internet.test');
  log(`${request.method} ${host} ${request.url}`);
  response.setHeader('Cache-Control', 'no-store');
  if (request.method === 'POST') {
    let octets = 0;
    for await (const part of request) octets += part.length;
    response.end(`got ${octets} bytes\n`);
  } else if (url.pathname === '/bytes') {
    download(response, Math.min(Number(url.searchParams.get('n')) || 0, 1e9));
  } else {
    const [status, type, body] = PROBES[url.pathname] ?? [200, 'text/html; charset=utf-8', page(host)];
    response.writeHead(status, { 'Content-Type': type }).end(body);
  }
}

function page(host) {
  return `<!doctype html><title>Small internet</title><h1>Small internet</h1><p>This is ${host}</p>\n`;
}

function download(response, octets) {
  const chunk = Buffer.alloc(65_536, 'x');
  let left = octets;
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': octets });
  const more = () => {
    while (left > 0) {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (!response.write(part)) return response.once('drain', more);
    }
    response.end();
  };
  more();
}

function log(line) {
  appendFile(`${state}/log/inet-access.log`, `${new Date().toISOString()} ${line}\n`, () => {});
}

const tls = { key: readFileSync(`${state}/tls/site.key`), cert: readFileSync(`${state}/tls/site.pem`) };
http.createServer(answer).listen(80, address);
https.createServer(tls, answer).listen(443, address);
