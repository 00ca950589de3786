import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { integerAttribute, textAttribute } from '../radius/wire/attributes';
import { CODE } from '../radius/wire/packet';
import { accountingRequest, papRequest } from '../test/radius/client';
import { type Figure, median, type Run } from './figure';
import { Load, type Verify, verifier } from './radius/load';
import { BENCH_SECRET, type IssuedCredential, type Ports } from './radius/server';

const SECRET = Buffer.from(BENCH_SECRET);
/** Requests in one slice: about a third of a second, so that a noisy machine troubles us and the peer alike. */
const SLICE = 4_000;
const MIN_ROUNDS = 3;
const DEVICES = 10_000;

const ECHO = 'node:dgram echo';
const isEcho: Verify = (reply, request) => reply.equals(request);

/** A process of its own, which first sends `Hello`; without `--json` and the like of our own process. */
async function child<Hello>(script: string): Promise<{ process: ChildProcess; hello: Hello }> {
  const execArgv = ['-r', 'ts-node/register/transpile-only'];
  const process = fork(join(__dirname, 'radius', script), { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return { process, hello: await message<Hello>(process) };
}

/** The next message of a child; rejects if it ends instead. */
async function message<T>(from: ChildProcess): Promise<T> {
  const ended = once(from, 'exit').then(([code]) => {
    throw new Error(`a server of the bench ended with ${code}`);
  });
  const [value] = await Promise.race([once(from, 'message'), ended]);
  return value;
}

function deviceOf(index: number): string {
  return `02${index.toString(16).padStart(10, '0')}`;
}

/** Every Access-Request redeems a credential of its own by PAP; each answer means one durable write. */
async function loginRequests(server: ChildProcess, round: number): Promise<Buffer[]> {
  const devices = Array.from({ length: SLICE }, (_, i) => deviceOf((round * SLICE + i) % DEVICES));
  server.send(devices);
  const credentials = await message<IssuedCredential[]>(server);
  return credentials.map(({ username, password, device }, i) =>
    papRequest(
      i % 256,
      password,
      [
        textAttribute('User-Name', username),
        textAttribute('Calling-Station-Id', device),
        textAttribute('Acct-Session-Id', `${round}-${i}`),
      ],
      SECRET,
    ),
  );
}

/** Sessions of a Start, four Interims and a Stop; each answer means the record is on disk. */
function accountingRequests(round: number): Buffer[] {
  const steps = [1, 3, 3, 3, 3, 2];
  const concurrent = 256;
  return Array.from({ length: SLICE }, (_, i) => {
    const step = Math.floor(i / concurrent) % steps.length;
    const session = `${round}-${Math.floor(i / concurrent / steps.length)}-${i % concurrent}`;
    return accountingRequest(
      i % 256,
      [
        integerAttribute('Acct-Status-Type', steps[step] ?? 3),
        textAttribute('Acct-Session-Id', session),
        textAttribute('User-Name', `visitor-${session}`),
        textAttribute('Calling-Station-Id', deviceOf(i % DEVICES)),
        integerAttribute('Acct-Session-Time', step * 300),
        integerAttribute('Acct-Input-Octets', step * 1_000_000),
        integerAttribute('Acct-Output-Octets', step * 20_000_000),
        integerAttribute('Acct-Delay-Time', 0),
      ],
      SECRET,
    );
  });
}

async function measure(
  name: string,
  seconds: number,
  load: Load,
  make: (round: number) => Promise<Buffer[]> | Buffer[],
  server: { readonly port: number; readonly verify: Verify },
  echoPort: number,
): Promise<Figure> {
  const rates: number[] = [];
  const ratios: number[] = [];
  let measured = 0;
  // Round 0 warms both up.
  for (let round = 0; measured < seconds || rates.length < MIN_ROUNDS; round++) {
    const requests = await make(round);
    const ours = await load.slice(requests, server.port, server.verify);
    const echo = await load.slice(requests, echoPort, isEcho);
    if (round === 0) continue;
    rates.push(ours);
    ratios.push(ours / echo);
    measured += SLICE / ours + SLICE / echo;
  }
  return { name, value: median(rates), unit: '1/s', against: ECHO, ratio: median(ratios) };
}

/** Answers per second of the RADIUS server on the embedded store, each durable, beside an echo that does nothing. */
export const run: Run = async (seconds) => {
  const server = await child<Ports>('server.ts');
  const echo = await child<number>('echo.ts');
  const load = await Load.open();
  const { authenticationPort, accountingPort } = server.hello;
  const authentication = { port: authenticationPort, verify: verifier(CODE.accessAccept, true, SECRET) };
  const accounting = { port: accountingPort, verify: verifier(CODE.accountingResponse, false, SECRET) };
  const logins = (round: number) => loginRequests(server.process, round);
  try {
    return [
      await measure('radius.auth', seconds, load, logins, authentication, echo.hello),
      await measure('radius.acct', seconds, load, accountingRequests, accounting, echo.hello),
    ];
  } finally {
    load.close();
    const ended = [server, echo].map(({ process }) => once(process, 'exit'));
    for (const { process } of [server, echo]) process.disconnect();
    await Promise.all(ended);
  }
};
