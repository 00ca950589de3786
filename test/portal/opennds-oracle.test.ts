import type { RequestListener } from 'node:http';
import request from 'supertest';
import { closeStores, openndsRedirect, testPortal } from './support/town';

/*
 * openNDS encrypts the redirect but does not sign it. A visitor who learned the hid could search the 2^32 tokens behind
 * it and let himself in at the gateway, without the portal. So what the portal answers to changed redirects must not
 * depend on the hid.
 */

afterAll(closeStores);

const BLOCK = 16;

function sealed(): { readonly iv: Buffer; readonly octets: Buffer } {
  const query = new URLSearchParams(openndsRedirect().split('?')[1]);
  const fas = Buffer.from(query.get('fas') ?? '', 'base64').toString('latin1');
  return { iv: Buffer.from(query.get('iv') ?? ''), octets: Buffer.from(fas, 'base64') };
}

async function answer(app: RequestListener, iv: Buffer, octets: Buffer): Promise<string> {
  const fas = Buffer.from(octets.toString('base64')).toString('base64');
  const { status, text } = await request(app).get(`/opennds/library?fas=${encodeURIComponent(fas)}&iv=${iv}`);
  return `${status} ${/<h1>(.*?)<\/h1>/.exec(text)?.[1]}`;
}

test('wrong padding and right padding behind spliced blocks look the same', async () => {
  const { app } = await testPortal();
  const { iv, octets } = sealed();
  const target = octets.subarray(BLOCK, 2 * BLOCK);
  const answers = new Set<string>();
  for (let octet = 0; octet < 256; octet++) {
    const before = Buffer.alloc(BLOCK, 0x55);
    before[BLOCK - 1] = octet;
    answers.add(await answer(app, iv, Buffer.concat([octets, before, target])));
  }
  expect([...answers]).toEqual(['400 So geht es leider nicht weiter']);
});

test('a changed iv, which changes the beginning of the hid, is answered like the right one', async () => {
  const { app } = await testPortal();
  const { iv, octets } = sealed();
  const answers = new Set<string>();
  for (let at = 4; at < BLOCK; at++) {
    for (const digit of '0123456789abcdefABCDEF') {
      const changed = Buffer.from(iv);
      changed.write(digit, at);
      answers.add(await answer(app, changed, octets));
    }
  }
  expect([...answers]).toEqual(['200 Unterkunft Nordstraße']);
});
