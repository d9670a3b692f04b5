/*-------------------------------------------------------------------------
 * job_doubt.c
 *	  A call whose outcome nobody knows keeps a request from buying the same again.
 *
 * As it does a question; a request cannot be told so and asked again by whoever made
 * it, so it ends as one whose own call is unknown does, and waits for a person.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "worker/job.h"

#include "session/doubt.h"
#include "shared/answer_cache.h"

/* What is in memory serves it, whatever became of another call. */
static bool
is_in_memory(const CsJob *job, const CsKey *key)
{
	int		 ttl = job->settings->limits.cache_ttl;
	CsCached cached;

	if (ttl == 0 || !cs_answer_cache_find(key, ttl, 0, &cached))
		return false;
	cs_reply_release(cached.body);
	return true;
}

/*
 * Not what is asked to go on with what was bought, nor an assessment: made twice,
 * it is refused, and that is how one that was lost is found.
 */
static bool
may_be(const CsJob *job)
{
	if (job->kind != CS_JOB_ASK || job->rows[0].answers > 0 ||
		strcmp(job->rows[0].kind, "assessment") == 0)
		return false;
	for (int i = 0; i < job->nrows; i++)
		if (job->rows[i].risked)
			return false;
	return true;
}

bool
cs_job_is_in_doubt(CsJob *job, const CsAsk *ask, const CsKey *key)
{
	return may_be(job) && !is_in_memory(job, key) &&
		   cs_doubt_blocks(ask, &job->unknown);
}
