/*-------------------------------------------------------------------------
 * test_awake.c
 *	  The time in which a process was awake.
 *------------------------------------------------------------------------- */
#include "tap.h"

#include "base/awake.h"

#define SECOND CS_US_PER_S

/* A machine that has run for a month. */
#define START (INT64_C(30) * CS_US_PER_DAY)

int
main(void)
{
	CsInstant start = cs_awake_at(START);

	is_int(cs_awake_at(START), start, "no time passes by itself");
	is_int(cs_awake_at(START + SECOND) - start, SECOND,
		   "a loop that turns once a second is awake all the time");
	is_int(cs_awake_at(START + 3 * SECOND) - start, 3 * SECOND,
		   "so is one that is a second late");
	start = cs_awake_at(START + 4 * SECOND);
	ok(cs_awake_at(START + 36 * SECOND) - start <= SECOND / 10,
	   "32 seconds in which it stood still do not count");
	start = cs_awake_at(START + 37 * SECOND);
	is_int(cs_awake_at(START + 38 * SECOND) - start, SECOND,
		   "afterwards time counts again");
	is_int(cs_awake_at(START + 37 * SECOND), start,
		   "an instant from before is before");
	is_int(cs_awake_at(START + 39 * SECOND) - start, 2 * SECOND,
		   "and changes nothing");

	start = cs_awake_at(START + 40 * SECOND);
	for (int i = 1; i <= 600; i++)
		cs_awake_at(START + 40 * SECOND + i * 3 * SECOND);
	ok(cs_awake_at(START + 1840 * SECOND) - start >= 60 * SECOND,
	   "patience ends though every turn takes three seconds");
	return done_testing();
}
