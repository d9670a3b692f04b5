/*-------------------------------------------------------------------------
 * guc.h
 *	  The settings of credscore.
 *------------------------------------------------------------------------- */
#ifndef CS_GUC_H
#define CS_GUC_H

/* What a failed question becomes; see the functions' on_error argument. */
typedef enum CsOnError
{
	CS_ON_ERROR_ERROR,	 /* raise */
	CS_ON_ERROR_SUBJECT, /* report errors about the subject only */
	CS_ON_ERROR_NULL,	 /* NULL with a WARNING */
	CS_ON_ERROR_REPORT	 /* {"error": {...}} */
} CsOnError;

/* May a question cost money? */
typedef enum CsMode
{
	CS_MODE_LIVE,  /* yes */
	CS_MODE_CACHED /* only what is in the cache is answered */
} CsMode;

extern void cs_guc_init(void);

extern int	  cs_guc_cache_size(void);	 /* kB */
extern int	  cs_guc_journal_size(void); /* MB */
extern CsMode cs_guc_mode(void);

extern bool		 cs_guc_calls_on_standby(void);
extern bool		 cs_guc_drop_ledger(void); /* may it be dropped with rows? */
extern bool		 cs_guc_enable_prefetch(void);
extern bool		 cs_guc_enabled(void);				   /* may calls leave? */
extern int		 cs_guc_max_calls_per_statement(void); /* 0: no limit */
extern int		 cs_guc_max_in_flight(void);
extern int		 cs_guc_max_questions(void);
extern CsOnError cs_guc_on_error(void);

/* What answers are bought for; NULL: it was not said, or has blanks only. */
extern const char *cs_guc_purpose(void);

/* Rows without an answer that may be read ahead, and rows in all. */
extern int	cs_guc_read_ahead(void);
extern int	cs_guc_read_ahead_most(void);
extern bool cs_guc_slow_start(void);
extern bool cs_guc_workers(void);	  /* are queues worked on? */
extern int	cs_guc_max_workers(void); /* databases at once */

/* Deaths of workers before they stay away; 0: any number. */
extern int cs_guc_max_worker_crashes(void);

/* Seconds that requests are kept after their end; 0: for ever. */
extern int cs_guc_queue_retention(void);

/* The value of an on_error argument; false when it is none. */
extern bool cs_guc_parse_on_error(const char *text, CsOnError *value);

/* The valid values, for hints: "error, subject, null, report". */
extern const char *cs_guc_on_error_values(void);

#endif /* CS_GUC_H */
