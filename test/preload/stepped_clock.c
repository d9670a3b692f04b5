/*
 * stepped_clock.c
 *	  Clocks for tests, to be preloaded: time passes, and the calendar is set,
 *	  when a test says so.
 *
 * CLOCK_MONOTONIC is ahead of the system's by as many seconds as the file holds
 * that the environment variable CREDSCORE_CLOCK_AHEAD names, and the calendar's
 * clocks, for whomever they are asked through, by those of the file that
 * CREDSCORE_CALENDAR_AHEAD names, which may be less than 0.  Without a file it
 * is the system's.
 *
 * A file is read each time that a clock is.  With CREDSCORE_CLOCK_LAZY in the
 * environment it is read once in a tick of the system, some milliseconds: for
 * tests that put the clocks forward while all is quiet, and make many calls.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int (*Clock)(clockid_t clock, struct timespec *now);

/* How far clocks are ahead. */
typedef struct Ahead
{
	const char	   *variable;
	long			seconds;
	struct timespec tick; /* in which that was read; 0: never */
} Ahead;

static Ahead ticks = {.variable = "CREDSCORE_CLOCK_AHEAD"};
static Ahead calendar = {.variable = "CREDSCORE_CALENDAR_AHEAD"};

static int
system_clock(clockid_t clock, struct timespec *now)
{
	static Clock next;

	if (next == NULL)
		next = (Clock) dlsym(RTLD_NEXT, "clock_gettime");
	return next(clock, now);
}

static long
read_seconds(const char *variable)
{
	const char *path = getenv(variable);
	int			fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char		text[32];
	ssize_t		len;

	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return strtol(text, NULL, 10);
}

static long
seconds_ahead(Ahead *ahead)
{
	struct timespec tick;

	if (getenv("CREDSCORE_CLOCK_LAZY") == NULL)
		return read_seconds(ahead->variable);
	system_clock(CLOCK_MONOTONIC_COARSE, &tick);
	if (tick.tv_sec != ahead->tick.tv_sec ||
		tick.tv_nsec != ahead->tick.tv_nsec)
	{
		ahead->seconds = read_seconds(ahead->variable);
		ahead->tick = tick;
	}
	return ahead->seconds;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = system_clock(clock, now);

	if (rc == 0 && clock == CLOCK_MONOTONIC)
		now->tv_sec += seconds_ahead(&ticks);
	else if (rc == 0 &&
			 (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += seconds_ahead(&calendar);
	return rc;
}

int
gettimeofday(struct timeval *now, void *zone __attribute__((unused)))
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return -1;
	now->tv_sec = ts.tv_sec;
	now->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *to)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return (time_t) -1;
	if (to != NULL)
		*to = ts.tv_sec;
	return ts.tv_sec;
}
