/*
 * Keeps openNDS 9 from failing at random in tests.
 *
 * openNDS runs helper commands from several threads. Each thread replaces the handler of SIGCHLD, which belongs to the
 * whole process, while it waits for its command; now and then one takes away the result another waits for. A visitor
 * with a valid lease then gets 403, or the daemon ends. Access points restart it; a test would fail once in a while.
 *
 * Loaded into the daemon alone, this library leaves SIGCHLD as the system has it, and every thread gets its own result.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int (*next)(int, const struct sigaction *, struct sigaction *);

__attribute__((constructor)) static void start(void)
{
	next = dlsym(RTLD_NEXT, "sigaction");
	unsetenv("LD_PRELOAD"); /* not for the commands that openNDS runs */
}

int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	if (sig != SIGCHLD)
		return next(sig, act, old);
	if (old)
		memset(old, 0, sizeof *old);
	return 0;
}
