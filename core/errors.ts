/**
 * A fault that somebody who runs the product can mend. It is shown as one line: what happened and what to do,
 * never a stack trace.
 */
export class OperatorError extends Error {
  /** Upper-case, stable, for searching the documents: `CONFIG_UNREADABLE`. */
  readonly code: string;
  readonly remedy: string;

  constructor(code: string, what: string, remedy: string, options?: { cause: unknown }) {
    super(what, options);
    this.name = 'OperatorError';
    this.code = code;
    this.remedy = remedy;
  }

  /** `what happened` + `what to do` + the code, on one line. */
  override toString(): string {
    return `${this.message} ${this.remedy} (${this.code})`;
  }
}

/** The `code` of an error from Node.js (`EADDRINUSE`, `EACCES`, `ENOENT` ...), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
