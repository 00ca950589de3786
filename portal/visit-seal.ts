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

const shape = z.object({
  gateway: z.string(),
  site: z.string(),
  device: z.string(),
  ticket: z.string(),
  originalUrl: z.string().optional(),
  termsVersion: z.string(),
  language: z.enum(LANGUAGES),
  shownAt: z.number(),
  setback: z.enum(SETBACKS).optional(),
});

/** Puts visits into the hidden form field and takes them out again. */
export class VisitSeal {
  readonly #seal: Seal<z.output<typeof shape>>;

  constructor(townKey: string, random: Random) {
    this.#seal = new Seal(townKey, 'visits', shape, random);
  }

  close({ visit, termsVersion, language, shownAt, setback }: ShownVisit): string {
    // Where the visitor is stays out of it: the acceptance needs it for nothing.
    const { gateway, site, ticket, originalUrl } = visit;
    const device = hexOf(visit.device.reveal());
    return this.#seal.close({ gateway, site, device, ticket, originalUrl, termsVersion, language, shownAt, setback });
  }

  /** The visit, or undefined if this portal did not make the word. Whether it expired is for the caller to say. */
  open(word: unknown): ShownVisit | undefined {
    const opened = this.#seal.open(word);
    const device = opened && DeviceAddress.parse(opened.device);
    if (opened === undefined || device === undefined) return undefined;
    const { termsVersion, language, shownAt, setback, gateway, site, ticket, originalUrl } = opened;
    const visit = { gateway, site, device, ticket, ...(originalUrl !== undefined && { originalUrl }) };
    return { visit, termsVersion, language, shownAt, ...(setback !== undefined && { setback }) };
  }
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

function hexOf(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += HEX[octet];
  return text;
}
