/**
 * Ends this process as a power cut would, which loses nothing acknowledged. `process.exit` waits for LMDB's thread, and that
 * one, if a commit is under way, for the main thread: of a dozen busy processes three stayed for ever and served nobody.
 */
export function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}
