import { z } from 'zod';
import { LANGUAGES, type Language } from '../config/schema';
import { DeviceAddress } from '../core/mac';
import { HOUR, type Millis } from '../core/time';
import type { Random } from '../runtime/random';
import { SETBACKS, type Setback, type Visit } from './gateways/gateway';
import { Seal } from './seal';

/** The time to read the terms in peace (WCAG 2.2.1). A replay within it only renews the same grant. */
export const VISIT_LIFETIME_MS = 2 * HOUR;

/** What the form of the terms page carries: the visit and what its visitor was shown. */
export interface ShownVisit {
  readonly visit: Visit;
  readonly termsVersion: string;
  readonly language: Language;
  readonly shownAt: Millis;
  /** What the page says beyond the terms; told again in another language. */
  readonly setback?: Setback | undefined;
}

/** One after the other and without names, because it is part of every page: what is not there is null. */
const shape = z.tuple([
  z.string().describe('gateway'),
  z.string().describe('site'),
  z.string().describe('device'),
  z.string().describe('ticket'),
  z.string().nullable().describe('originalUrl'),
  z.string().describe('termsVersion'),
  z.enum(LANGUAGES).describe('language'),
  z.number().describe('shownAt'),
  z.enum(SETBACKS).nullable().describe('setback'),
]);

/** Puts visits into the hidden form field and takes them out again. */
export class VisitSeal {
  readonly #seal: Seal<z.output<typeof shape>>;

  constructor(townKey: string, random: Random) {
    this.#seal = new Seal(townKey, 'visits', shape, random);
  }

  close({ visit, termsVersion, language, shownAt, setback }: ShownVisit): string {
    // Where the visitor is stays out of it: the acceptance needs it for nothing.
    const { gateway, site, ticket, originalUrl = null } = visit;
    const device = hexOf(visit.device.reveal());
    const told = setback ?? null;
    return this.#seal.close([gateway, site, device, ticket, originalUrl, termsVersion, language, shownAt, told]);
  }

  /** The visit, or undefined if this portal did not make the word. Whether it expired is for the caller to say. */
  open(word: unknown): ShownVisit | undefined {
    const opened = this.#seal.open(word);
    if (opened === undefined) return undefined;
    const [gateway, site, address, ticket, originalUrl, termsVersion, language, shownAt, setback] = opened;
    const device = DeviceAddress.parse(address);
    if (device === undefined) return undefined;
    const visit = { gateway, site, device, ticket, originalUrl: originalUrl ?? undefined };
    return { visit, termsVersion, language, shownAt, setback: setback ?? undefined };
  }
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

function hexOf(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += HEX[octet];
  return text;
}
