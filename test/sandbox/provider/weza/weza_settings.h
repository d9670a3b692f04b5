/*-------------------------------------------------------------------------
 * weza_settings.h
 *	  What no document fixes about Weza, and what tests vary.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_WEZA_SETTINGS_H
#define SANDBOX_WEZA_SETTINGS_H

#include "core/settings.h"

/* The unit of expires_at. */
enum
{
	SB_WEZA_SETTINGS_SECONDS,
	SB_WEZA_SETTINGS_MS
};

/* What an assessment's id is: both forms are printed in one guide. */
enum
{
	SB_WEZA_SETTINGS_BASE64,
	SB_WEZA_SETTINGS_UUID
};

typedef struct SbWezaSettings
{
	int any_account; /* is every "borrower:x" one that exists? */
	int assessment_ids;
	int assessment_polls;	/* so many GETs find one unprocessed */
	int assessment_seconds; /* so old it must be to be processed */
	int create_status;		/* HTTP status of what creates */
	int created_status;		/* member of an assessment without a result */
	int expires_at;
	int hidden_polls;	 /* so many GETs do not find one that was made */
	int keep_data;		 /* is an event's data remembered? */
	int max_body;		 /* bytes; as many are too many */
	int page_size;		 /* of a list when the query does not say */
	int requires_events; /* nothing can be assessed without */
} SbWezaSettings;

extern SbWezaSettings sb_weza_settings;

/* The same as switches. */
extern const SbSetting sb_weza_settings_table[];

#endif /* SANDBOX_WEZA_SETTINGS_H */
