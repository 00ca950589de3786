/** How many sessions the task `load` accounts for at once, and what it calls them. */
export const SESSIONS_A_ROUND = 28;
export function sessionName(round: number, index: number): string {
  return `${round}-${index}`;
}
