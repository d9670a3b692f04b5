/*-------------------------------------------------------------------------
 * recorder.h
 *	  The process that keeps the files of the journal.
 *------------------------------------------------------------------------- */
#ifndef CS_RECORDER_H
#define CS_RECORDER_H

/* Registers it; called from _PG_init. */
extern void cs_recorder_init(void);

#endif /* CS_RECORDER_H */
