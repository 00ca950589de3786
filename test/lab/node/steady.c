/*
 * Keeps openNDS 9 from failing at random in tests. Loaded into the daemon alone. Two troubles, both its own:
 *
 * It runs helper commands from several threads. Each thread replaces the handler of SIGCHLD, which belongs to the whole
 * process, while it waits for its command; now and then one takes away the result another waits for. A visitor with a
 * valid lease then gets 403, or the daemon ends. Here SIGCHLD stays as the system has it, and every thread gets its result.
 *
 * It divides by the seconds since a visitor's figures were begun, plus one, as of the moment at which it began to look at
 * all visitors. If that look lasts beyond the end of a second, as on a slow or busy machine, and somebody comes online
 * meanwhile, it divides by zero and is ended by SIGFPE (9.10, src/auth.c, fw_refresh_client_list; 10 and 11 do the same).
 * Here such a division is left out, which is the same as one by one, and a line of the log tells of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static int (*next)(int, const struct sigaction *, struct sigaction *);

#ifdef __x86_64__ /* 64-bit ARM says that a division by zero gives zero */
static void divided_by_zero(int sig, siginfo_t *info, void *context)
{
	static const char said[] = "steady: a division by zero, which would have ended openNDS, was left out\n";
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	const unsigned char *code = (const unsigned char *)registers[REG_RIP];

	(void)info;
	if ((code[0] & 0xf8) == 0x48 && code[1] == 0xf7 && (code[2] & 0xf8) == 0xf0) { /* div by a register of 64 bits */
		if (write(STDERR_FILENO, said, sizeof said - 1) < 0) { /* then nobody reads it */ }
		registers[REG_RIP] += 3;
	} else {
		signal(sig, SIG_DFL); /* another one: it happens again, and ends the daemon */
	}
}
#endif

__attribute__((constructor)) static void start(void)
{
	next = dlsym(RTLD_NEXT, "sigaction");
	unsetenv("LD_PRELOAD"); /* not for the commands that openNDS runs */
#ifdef __x86_64__
	struct sigaction act = {.sa_sigaction = divided_by_zero, .sa_flags = SA_SIGINFO | SA_RESTART};
	next(SIGFPE, &act, NULL);
#endif
}

int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	if (sig != SIGCHLD)
		return next(sig, act, old);
	if (old)
		memset(old, 0, sizeof *old);
	return 0;
}
