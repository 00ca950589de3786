import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Request, Router } from 'express';
import { usageOf } from '../../core/session';
import { MINUTE, SECOND } from '../../core/time';
import type { Connection } from '../connection';
import { type Held, heldAbout, heldAsJson, startOf } from '../held';
import type { Portal } from '../portal';
import { languageOf, sendPage, type Translate, translator } from '../respond';

/** GET /me?c=<connection>: what is kept about it, in plain words; /me.json the same for a program. */
export function meRoutes(portal: Portal): Router {
  const router = Router();
  router.get('/me', async (request, response) => {
    const connection = connectionOf(portal, request);
    if (connection === undefined) showNobody(portal, request, response);
    else showHeld(portal, request, response, { connection, held: await heldAbout(portal, connection) });
  });
  router.get('/me.json', async (request, response) => {
    const connection = connectionOf(portal, request);
    response.set('Cache-Control', 'no-store');
    if (connection === undefined) response.status(404).json({ error: 'unknown connection' });
    else response.json(heldAsJson(await heldAbout(portal, connection)));
  });
  return router;
}

function connectionOf(portal: Portal, request: Request): Connection | undefined {
  return portal.town.connections.open(request.query.c);
}

/** Without the word nobody can tell whose connection is meant: that is how it should be. */
function showNobody(portal: Portal, request: IncomingMessage, response: ServerResponse): void {
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  sendPage(portal, request, response, { name: 'me', title: t('me.title'), language, view: { held: undefined } });
}

/** A name and a value. */
type Line = readonly [name: string, value: string];

interface Shown {
  readonly connection: Connection;
  readonly held: Held;
}

function showHeld(
  portal: Portal,
  request: IncomingMessage,
  response: ServerResponse,
  { connection, held }: Shown,
): void {
  const language = languageOf(portal, request);
  const t = translator(portal, language);
  const { formats } = portal.town;
  const now = portal.clock.now();
  const { grant, sessions, orders, keyEndsAt, dayEndsAt, site } = held;
  const nothing = grant === undefined && sessions.length === 0;
  const moment = (at: number): string => formats.get(language)?.moment(at, now) ?? '';
  const megabytes = (octets: number): string => formats.get(language)?.megabytes(octets) ?? '';
  const minutes = (seconds: number): string => formats.get(language)?.duration(wholeMinutes(seconds)) ?? '';
  sendPage(portal, request, response, {
    name: 'me',
    title: t(nothing && dayEndsAt === undefined ? 'me.nothing' : 'me.title'),
    language,
    view: {
      held: !nothing ? 'something' : dayEndsAt === undefined ? 'nothing' : 'day',
      connection: portal.town.connections.close(connection),
      acceptance: grant && acceptanceLines(t, held, { moment, megabytes, minutes }),
      device:
        keyEndsAt === undefined ? undefined : t('me.device.text', { site: site?.name ?? '', key: moment(keyEndsAt) }),
      sessions: sessions.map((session) => {
        const { seconds, downloadOctets, uploadOctets } = usageOf(session);
        return lines(t, [
          ['began', moment(startOf(session))],
          ['lasted', minutes(seconds)],
          ['received', megabytes(downloadOctets)],
          ['sent', megabytes(uploadOctets)],
          ['reported', moment(session.lastSeenAt)],
          ['gateway', session.gateway],
          ['session', session.sessionId],
          ['userName', session.username],
        ]);
      }),
      toldByUs: portal.town.adapters.get(connection.gateway)?.end !== undefined,
      day: dayEndsAt === undefined ? undefined : t('me.day', { until: moment(dayEndsAt) }),
      orders: orders.map(({ orderedAt }) => t('me.ordered', { at: moment(orderedAt) })),
    },
  });
}

function wholeMinutes(seconds: number): number {
  return Math.max(1, Math.ceil((seconds * SECOND) / MINUTE)) * MINUTE;
}

interface Writing {
  readonly moment: (at: number) => string;
  readonly megabytes: (octets: number) => string;
  readonly minutes: (seconds: number) => string;
}

function acceptanceLines(t: Translate, held: Held, writing: Writing): readonly Line[] {
  const { grant, usedBefore, site } = held;
  const { moment, megabytes, minutes } = writing;
  if (grant === undefined) return [];
  return lines(t, [
    ['site', site?.name ?? grant.site],
    ['gateway', grant.gateway],
    ['accepted', moment(grant.acceptedAt)],
    ['terms', grant.termsVersion],
    ['until', moment(grant.expiresAt)],
    ['used', megabytes(grant.usedOctets)],
    ['before', usedBefore && `${minutes(usedBefore.seconds)}, ${megabytes(usedBefore.octets)}`],
    ['number', grant.id],
  ]);
}

function lines(t: Translate, values: readonly (readonly [key: string, value: string | undefined])[]): readonly Line[] {
  return values.flatMap(([key, value]) => (value === undefined ? [] : [[t(`me.${key}`), value] as const]));
}
