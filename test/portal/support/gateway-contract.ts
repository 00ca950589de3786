import fc from 'fast-check';
import request from 'supertest';
import type { Config } from '../../../config/schema';
import type { VisitRefusedReason } from '../../../core/reasons';
import { attack, mutated } from './hostile';
import { acceptances, PORTAL, testPortal, visitField } from './town';

/** What a gateway must show to be one of ours. */
export interface Candidate {
  readonly name: string;
  readonly id: string;
  readonly config: () => Config;
  /** A captive browser, as the gateway sends it. */
  readonly redirect: () => string;
  /** To which the browser is sent when it has accepted; the portal itself if the gateway is told behind its back. */
  readonly admitsAt: string;
  /** Redirects that somebody made up or changed, each with what it is refused for. */
  readonly forged: () => readonly (readonly [what: string, redirect: string, reason: VisitRefusedReason])[];
  /** How many mutated redirects; 10,000 unless said. */
  readonly runs?: number;
}

/** What holds for every gateway, whatever its protocol; through the application, as a browser meets it. */
export function gatewayContract(candidate: Candidate): void {
  const { name, id, redirect, admitsAt, forged } = candidate;
  const town = () => testPortal(candidate.config());

  describe(`${name}: the contract of a gateway`, () => {
    test('a captive browser is shown the terms, and that alone grants nothing', async () => {
      const { app, store, registry } = await town();
      const page = await request(app).get(redirect()).expect(200);
      expect(page.text).toContain('action="/accept');
      expect(await acceptances(store)).toBe(0);
      expect(await registry.metrics()).toContain(`portal_visits_total{gateway="${id}",result="captive"} 1`);
    });

    test('the form may lead to the portal and to this gateway, and nowhere else', async () => {
      const { app } = await town();
      const page = await request(app).get(redirect()).expect(200);
      const allowed =
        /form-action ([^;]*)/.exec(String(page.headers['content-security-policy']))?.[1]?.split(' ') ?? [];
      expect(allowed.filter((source) => !["'self'", PORTAL].includes(source))).toEqual(
        admitsAt.startsWith(PORTAL) ? [] : [new URL(admitsAt).origin],
      );
    });

    test('who accepts is granted once and sent on to the gateway; a second tap grants no second time', async () => {
      const { app, store } = await town();
      const visit = await visitField(app, redirect());
      for (const _ of [1, 2]) {
        const answer = await request(app).post('/accept').type('form').send({ visit }).expect(303);
        expect(answer.headers.location).toContain(admitsAt);
        expect(answer.headers['cache-control']).toBe('no-store');
      }
      expect(await acceptances(store)).toBe(1);
    });

    test('forged redirects get a page in plain words with the reason, a count, and no grant', async () => {
      const { app, store, registry } = await town();
      for (const [what, path, reason] of forged()) {
        const page = await request(app).get(path);
        expect([what, page.status, page.text.includes(reason)]).toEqual([what, 400, true]);
        expect(page.text).toContain('So geht es leider nicht weiter');
        expect(page.headers['content-security-policy']).toMatch(/^default-src 'none';style-src 'sha256-[^']+';/);
        expect(page.headers['content-security-policy']).not.toContain('unsafe-inline');
        expect(page.headers['x-content-type-options']).toBe('nosniff');
        expect(await registry.metrics()).toMatch(
          new RegExp(`portal_refused_total\\{gateway="(${id}|none)",reason="${reason}"\\} [1-9]`),
        );
      }
      expect(await acceptances(store)).toBe(0);
    });

    test('mutated redirects: never a fault, never a grant, nothing of theirs is markup in the page', async () => {
      const { app, store } = await town();
      const statuses = await attack(app, mutated(fc.constant(redirect())), candidate.runs);
      expect([...statuses.keys()].filter((status) => ![200, 303, 400, 404].includes(status))).toEqual([]);
      expect(statuses.get(400) ?? 0).toBeGreaterThan(0);
      expect(await acceptances(store)).toBe(0);
    });
  });
}
