/**
 * What is there at once, or comes later. For the few ways that are gone thousands of times a second: a promise costs more
 * there than what it waits for.
 */
export type Soon<T> = T | Promise<T>;

/** Goes on with it: in this turn if it is there, otherwise when it comes. */
export function whenThere<T, U>(value: Soon<T>, next: (value: T) => Soon<U>): Soon<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
