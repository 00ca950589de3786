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
  'testing123',
  'testing1234567890',
  'secret',
  'sharedsecret',
  'shared-secret',
  'radius',
  'radiussecret',
  'password',
  'passwort',
  'changeme',
  'change-me',
  'opennds',
  'uspot',
  'coovachilli',
  'admin',
  '1234567890',
]);

/** Secrets with this beginning belong to the demo town, whose configuration everybody can read. */
export const DEMO_PREFIX = 'demo-';

const MINIMUM_LENGTH = 16;

/** Why a shared secret must not be used, as the end of a sentence; undefined if it may. The secret itself is not named. */
export function weakness(secret: string, isDemo: boolean): string | undefined {
  if (secret.trim() === '') return 'is empty';
  if (isDemo && secret.startsWith(DEMO_PREFIX)) return undefined;
  if (secret.startsWith(DEMO_PREFIX)) return 'is the one of the demo town, which everybody can read';
  if (WELL_KNOWN.has(secret.toLowerCase())) return 'is a well-known default';
  if (new Set(secret).size < 6) return 'repeats the same few characters';
  if (secret.length < MINIMUM_LENGTH) return `is shorter than ${MINIMUM_LENGTH} characters`;
  return undefined;
}
