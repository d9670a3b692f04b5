/*-------------------------------------------------------------------------
 * analyze.h
 *	  Is ANALYZE at work?
 *------------------------------------------------------------------------- */
#ifndef CS_ANALYZE_H
#define CS_ANALYZE_H

#include <stdbool.h>

/*
 * Is this process collecting statistics of a table, at any distance above?  It
 * evaluates expressions then, of indexes and of extended statistics, as the
 * planner does for an estimate.
 *
 * PostgreSQL keeps it to itself: one command may rewrite a table and then
 * analyze it, and autovacuum is no command at all.  What cannot be missed is the
 * memory of its work, which lives exactly as long.  Looking for it takes some
 * microseconds, so ask only where it may be: in VACUUM, ANALYZE and autovacuum.
 */
extern bool cs_analyze_is_running(void);

#endif /* CS_ANALYZE_H */
