import request from 'supertest';
import type { Config } from '../../../config/schema';
import { DeviceAddress } from '../../../core/mac';
import { testPortal, townConfig, uamRedirect, visitField } from './town';

type Server = Parameters<typeof request>[0];

/** Accepts the terms; the address to which the gateway sends the browser in the end, without the host. */
export async function accepted(app: Server, redirect = uamRedirect()): Promise<string> {
  const visit = await visitField(app, redirect);
  const answer = await request(app).post('/accept').type('form').send({ visit }).expect(303);
  const onward = new URL(String(answer.headers.location)).searchParams;
  const back = new URL(onward.get('userurl') ?? onward.get('redir') ?? '');
  return back.pathname + back.search;
}

/** A visitor who accepted the terms and sees /connected; `connection` is the word by which the portal knows them. */
export async function online(config: Config = townConfig(), redirect = uamRedirect()) {
  const town = await testPortal(config);
  const arrival = await accepted(town.app, redirect);
  const page = await request(town.app).get(arrival).redirects(1).expect(200);
  const connection = /name="connection" value="([\w-]+)"/.exec(page.text)?.[1] ?? 'none';
  const grantOf = async (site: string, address: string) => {
    const device = DeviceAddress.parse(address);
    return device && town.store.findGrant(site, device, town.clock.now());
  };
  return { ...town, arrival, page, connection, grantOf };
}
