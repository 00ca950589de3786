/*
 * Sends datagrams to a UDP port of 127.0.0.1 at a fixed rate, whether or not answers come, and tells when and what was answered. In C
 * because it shares a core with what else the bench needs, and tidies no memory up while an answer waits.
 *
 *   pacer PORT RATE COUNT
 *
 * Standard input: COUNT times the length (two octets, little-endian) and the octets of a request, whose second octet is its
 * identifier. Standard output: for each request the milliseconds from when it was due to its answer (a double; NaN without
 * one within a second), the length of the answer and its octets.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Identifiers are of one octet: with so many sockets each is used again after more than a quarter of a second. */
#define SOCKETS 32
#define IDENTIFIERS 256
#define LARGEST 4096
#define PATIENCE_MS 1000.0
/* Less than this is not slept: waking up takes as long. */
#define NAP_MS 0.02

struct exchange {
	uint8_t *request, *reply;
	uint16_t asked, answered;
	double delay;
};

static struct exchange *all;
static long last[SOCKETS][IDENTIFIERS];
static int sockets[SOCKETS];

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void read_requests(long count)
{
	for (long i = 0; i < count; i++) {
		struct exchange *one = &all[i];
		one->delay = NAN;
		if (fread(&one->asked, sizeof one->asked, 1, stdin) != 1) fail("length of a request");
		one->request = malloc(one->asked);
		if (one->request == NULL || fread(one->request, 1, one->asked, stdin) != one->asked) fail("request");
	}
}

static int open_sockets(int port)
{
	int ready = epoll_create1(0), octets = 1 << 20;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (int i = 0; i < SOCKETS; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
		sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
		if (connect(sockets[i], (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
		if (epoll_ctl(ready, EPOLL_CTL_ADD, sockets[i], &event) != 0) fail("epoll_ctl");
	}
	return ready;
}

/* The first answer to what was sent last with its identifier; each becomes a copy, to be verified afterwards. */
static void receive(int index, double begun, double period)
{
	static uint8_t octets[LARGEST];
	ssize_t length;
	while ((length = recv(sockets[index], octets, sizeof octets, 0)) > 1) {
		long n = last[index][octets[1]];
		if (n < 0 || all[n].reply != NULL) continue;
		all[n].delay = now_ms() - (begun + n * period);
		all[n].reply = malloc(length);
		if (all[n].reply == NULL) fail("memory");
		memcpy(all[n].reply, octets, length);
		all[n].answered = length;
	}
}

static void pace(int ready, double rate, long count)
{
	double period = 1e3 / rate, begun = now_ms(), end = begun + count * period + PATIENCE_MS;
	long next = 0;
	for (double now = begun; now < end; now = now_ms()) {
		for (; next < count && begun + next * period <= now; next++) {
			int index = next % SOCKETS;
			last[index][all[next].request[1]] = next;
			send(sockets[index], all[next].request, all[next].asked, 0);
		}
		struct epoll_event events[SOCKETS];
		double idle = next < count ? begun + next * period - now_ms() : 1.0;
		struct timespec nap = {.tv_nsec = idle > NAP_MS ? (long)((idle < 1.0 ? idle : 1.0) * 999999) : 0};
		int some = epoll_pwait2(ready, events, SOCKETS, &nap, NULL);
		for (int i = 0; i < some; i++) receive(events[i].data.u32, begun, period);
	}
}

static void write_answers(long count)
{
	for (long i = 0; i < count; i++) {
		double delay = all[i].delay <= PATIENCE_MS ? all[i].delay : NAN;
		fwrite(&delay, sizeof delay, 1, stdout);
		fwrite(&all[i].answered, sizeof all[i].answered, 1, stdout);
		if (all[i].answered > 0) fwrite(all[i].reply, 1, all[i].answered, stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "pacer PORT RATE COUNT\n");
		return 2;
	}
	long count = atol(argv[3]);
	all = calloc(count, sizeof *all);
	if (all == NULL) fail("memory");
	memset(last, -1, sizeof last);
	read_requests(count);
	/* While visitors or access points have the core nothing would be sent, and what was due then would count as late. */
	if (setpriority(PRIO_PROCESS, 0, -20) != 0) perror("the delays tell of the sender, too: priority");
	pace(open_sockets(atoi(argv[1])), atof(argv[2]), count);
	write_answers(count);
	return fflush(stdout) == 0 ? 0 : 1;
}
