/*-------------------------------------------------------------------------
 * test_sandbox_subject.c
 *	  The sandbox's counting of subjects.
 *------------------------------------------------------------------------- */
#include "core/subject.h"

#include <stdio.h>

#include "core/count.h"
#include "core/request.h"
#include "tap.h"

static const SbCounter decisions = {.path = "decision"};
static const SbCounter reports = {.path = "report"};

static uint32_t
add(const SbCounter *counter, const char *text)
{
	return sb_subject_add(counter, SB_SUBJECT_ASKED, text, strlen(text));
}

static uint32_t
get(const SbCounter *counter, const char *text)
{
	return sb_subject_get(counter, SB_SUBJECT_ASKED, text, strlen(text));
}

static void
test_count(void)
{
	SbSubjects summary;

	is_int(get(&decisions, "a"), 0, "nobody was seen");
	is_int(add(&decisions, "a"), 1, "once");
	is_int(add(&decisions, "a"), 2, "twice");
	is_int(add(&decisions, "ab"), 1, "one that begins so is another");
	is_int(add(&reports, "a"), 1, "elsewhere it is another");
	is_int(sb_subject_add(&decisions, SB_SUBJECT_REQUEST_ID, "a", 1), 1,
		   "as a request's id it is another");
	is_int(add(&decisions, ""), 1, "the empty one is one, too");
	is_int(get(&decisions, "a"), 2, "seen twice");
	is_int(get(&decisions, "b"), 0, "never seen");
	summary = sb_subject_summary(&decisions, SB_SUBJECT_ASKED);
	is_int((long long) summary.distinct, 3, "so many are different");
	is_int((long long) summary.repeated, 1, "so many came again");
	is_int((long long) summary.max, 2, "so often at most");
}

/* A request keeps so much of a subject; who asks for more means that. */
static void
test_long(void)
{
	char text[SB_MAX_SUBJECT + 10];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	is_int(sb_subject_add(&decisions, SB_SUBJECT_ASKED, text, SB_MAX_SUBJECT),
		   1, "as long as may be");
	is_int(get(&decisions, text), 1, "found by what is longer");
	text[SB_MAX_SUBJECT - 1] = '\0';
	is_int(get(&decisions, text), 0, "not by what is shorter");
}

/* The table grows several times, and the blocks of texts are many. */
static void
test_many(void)
{
	char name[64];
	int	 found = 0;
	int	 i;

	for (i = 0; i < 20000; i++)
	{
		snprintf(name, sizeof(name), "somebody with the number %d", i);
		add(&reports, name);
	}
	for (i = 0; i < 20000; i++)
	{
		snprintf(name, sizeof(name), "somebody with the number %d", i);
		found += get(&reports, name) == 1;
	}
	is_int(found, 20000, "each is found");
	is_int(get(&decisions, "a"), 2, "and those from before");
	sb_subject_reset();
	is_int(get(&reports, name), 0, "until a reset");
	is_int(add(&reports, name), 1, "after which counting begins anew");
	sb_subject_reset();
}

int
main(void)
{
	test_count();
	test_long();
	test_many();
	return done_testing();
}
