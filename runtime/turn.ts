/** Runs the task when everything that has arrived by now was looked at: at the end of this turn of the event loop. */
export function atEndOfTurn(task: () => void): void {
  setImmediate(task);
}

/** Lets everything that waits have its turn, before one goes on with long work. */
export function turnOfOthers(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
