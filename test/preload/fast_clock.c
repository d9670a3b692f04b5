/*
 * fast_clock.c
 *	  A clock for tests, to be preloaded: time passes when a test says so.
 *
 * Overrides clock_gettime and gettimeofday.  CLOCK_MONOTONIC is ahead of the
 * system's by as many seconds as the file holds that the environment variable
 * CREDSCORE_CLOCK_AHEAD names, the time of day by those of the file that
 * CREDSCORE_CALENDAR_AHEAD names; without the file it is the system's.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int (*Clock)(clockid_t clock, struct timespec *now);

static long
seconds_ahead(const char *variable)
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

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	Clock next = (Clock) dlsym(RTLD_NEXT, "clock_gettime");
	int	  rc = next(clock, now);

	if (rc == 0 && clock == CLOCK_MONOTONIC)
		now->tv_sec += seconds_ahead("CREDSCORE_CLOCK_AHEAD");
	else if (rc == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += seconds_ahead("CREDSCORE_CALENDAR_AHEAD");
	return rc;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec ts;
	int				rc = clock_gettime(CLOCK_REALTIME, &ts);

	(void) zone;
	now->tv_sec = ts.tv_sec;
	now->tv_usec = ts.tv_nsec / 1000;
	return rc;
}
