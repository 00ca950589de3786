import type { MistakeKind } from './messages';

/** A secret from the configuration. However it is printed or logged it reads `[secret]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  /** What `console.log` and error messages of Node.js print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

/** Secrets that stand in manuals and default configurations, so that everybody tries them first. */
const WELL_KNOWN = new Set([
  '1234567890',
  '12345678',
  'admin',
  'change-me',
  'changeme',
  'coovachilli',
  'greatsecret',
  'mysecret',
  'opennds',
  'openwrt',
  'passwort',
  'password',
  'private',
  'public',
  'radius',
  'radiussecret',
  'radiuspassword',
  'secret',
  'shared-secret',
  'sharedsecret',
  'testing123',
  'testing1234567890',
  'uamsecret',
  'uspot',
]);

/** Secrets with this beginning belong to the demo town, whose configuration everybody can read. */
export const DEMO_PREFIX = 'demo-';

/** How long a secret must be that two machines share. */
export const SHARED_SECRET_LENGTH = 16;
/** How long the town's own key must be. */
export const KEY_LENGTH = 32;

/** Fewer different characters than this are a pattern, not chance. */
const DIFFERENT_CHARACTERS = 6;

/** Why a secret must not be used; undefined if it may. */
export function weakness(secret: string, minimumLength: number, isDemo: boolean): MistakeKind | undefined {
  if (secret.trim() === '') return 'secret-empty';
  if (secret.startsWith(DEMO_PREFIX)) return isDemo ? undefined : 'secret-demo';
  if (WELL_KNOWN.has(withoutRepetition(secret.toLowerCase()))) return 'secret-well-known';
  if (new Set(secret).size < DIFFERENT_CHARACTERS) return 'secret-monotonous';
  return secret.length < minimumLength ? 'secret-short' : undefined;
}

/** `testing123testing123` is `testing123`, only longer. */
function withoutRepetition(text: string): string {
  const period = (text + text).indexOf(text, 1);
  return text.slice(0, period);
}
