import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

const THREADS = '/proc/self/task';
/** They still get a quarter of a core that they share. With 10 and more the main thread at times waits long for a lock of theirs. */
const NICER_BY = 5;

/**
 * V8's threads, which compile and tidy memory, give way to the thread that answers: where they share its core, a login
 * would otherwise wait for them for several milliseconds at a time. Linux only, where each thread has a priority of its own
 * (sched(7)); where it is refused, everything works without it.
 */
function helperThreadsGiveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    const niceness = Math.min(getPriority() + NICER_BY, constants.priority.PRIORITY_LOW);
    for (const thread of readdirSync(THREADS).map(Number)) if (thread !== process.pid) setPriority(thread, niceness);
  } catch {
    // Not this system's /proc, or not our right.
  }
}

// To be imported before all others: their threads, those that write to disk above all, come later and keep their priority.
helperThreadsGiveWay();
