/** Runs the task when everything that has arrived by now was looked at: at the end of this turn of the event loop. */
export function atEndOfTurn(task: () => void): void {
  setImmediate(task);
}
