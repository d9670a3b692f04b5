/*
 * names.pml
 *	  The states of the queue, under the names that the code gives them.
 *
 * One line each: name, value, and how the code spells it, before a colon if
 * more is to be said; "none" where the code has no such state, "a, b" where it
 * has two.  test/lint/model.pl holds both to it.  A state that only the model
 * has stands where it is used.
 */

/* A row: credscore.assessment.status.  ROW_NONE: not committed. */
#define ROW_NONE 0
#define ROW_QUEUED 1		/* queued */
#define ROW_ASKING 2		/* asking */
#define ROW_PENDING 3		/* pending */
#define ROW_DONE 4			/* done */
#define ROW_FAILED 5		/* failed */
#define ROW_EXPIRED 6		/* expired */
#define ROW_CANCELLED 7		/* cancelled */
#define ROW_UNKNOWN 8		/* unknown */

/* The place of a database's worker, in its record in shared memory. */
#define PLACE_FREE 0		/* free */
#define PLACE_STARTING 1	/* starting */
#define PLACE_RUNNING 2		/* running */

/* A slot of the courier: src/shared/slots.c says what they mean. */
#define SLOT_FREE 0			/* free */
#define SLOT_FILLED 1		/* filled */
#define SLOT_TAKEN 2		/* taken */
#define SLOT_SETTLED 3		/* settled */

/* What lies in a settled slot, as far as money is concerned. */
#define OUTCOME_NONE 0
#define OUTCOME_ANSWERED 1	/* answered */
#define OUTCOME_LOST 2		/* lost: it left, and may have been billed */
#define OUTCOME_NOT_NOW 3	/* not now: it did not leave */

/*
 * An entry of the worker's schedule.  ENTRY_NONE: the row is not in memory.  The
 * code looks at the row when an entry is due, and sees from its status whether it
 * is to be claimed, read back or polled; an outcome that is to be written lies
 * in the outbox.
 */
#define ENTRY_NONE 0
#define ENTRY_CLAIM 1		/* look: to be claimed, then asked */
#define ENTRY_HAND 2		/* none: claimed, to be put into a slot in the same turn */
#define ENTRY_ASKED 3		/* asked: its outcome comes in a slot */
#define ENTRY_READ 4		/* look, reading: to be read back at the provider, and it is being */
#define ENTRY_POLL 5		/* look: sleeps until it is due */
#define ENTRY_POLLING 6		/* polling: a free poll is on its way */
/* Outcomes that are to be written. */
#define ENTRY_ACCEPTED 7	/* write: accepted */
#define ENTRY_RESULT 8		/* write: result */
#define ENTRY_BACK 9		/* write: it was never sent */
#define ENTRY_UNKNOWN 10	/* write: unknown */
#define ENTRY_EXPIRED 11	/* write: expired */

/*
 * Properties.  An assertion carries the number of what it shows, so that a run
 * that breaks it says which; what is shown with fairness is a formula (ltl).
 */
#define request_not_lost 101
#define bought_once 102
#define bought_once_unless_forgotten 103
#define cancelled_never_sent 104
#define unknown_only_if_sent 105
#define end_is_final 106
#define one_worker 107
#define none_while_held 108
#define foreign_never_asked 109
#define polled_before_expiry 110
#define right_answer 111
#define place_is_left 112
#define one_row_tries 113
#define own_failures_only 114
#define PROVE(property, condition) assert((condition) && property)
