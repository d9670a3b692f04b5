/*-------------------------------------------------------------------------
 * sms_event.h
 *	  SMS made into events that Weza takes.
 *------------------------------------------------------------------------- */
#ifndef CS_SMS_EVENT_H
#define CS_SMS_EVENT_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

/* Weza takes less than 5 MB; counted as the text of a jsonb in UTF-8. */
#define CS_SMS_EVENT_MAX_BYTES 5000000

/* Events that are being made, one after the other. */
typedef struct CsSmsEvents CsSmsEvents;

/*
 * Events of the type personal_data.captured about an account, with the SMS of
 * an array in its order; none for an empty array.  Each is smaller than
 * CS_SMS_EVENT_MAX_BYTES.  The first is of the given time cut to
 * milliseconds, each further one a millisecond later, since account, type and
 * time are what tells events apart.
 *
 * An SMS is an object: address (text), timestamp (milliseconds since 1970, or a
 * text with an offset such as 2020-03-11T12:00:00+03:00), rawBody (text), and
 * where known direction (inbound, the default, or outbound), read (0 no, 1 yes,
 * 2 unknown, the default; or a boolean) and smsId.  Other members are left out.
 *
 * Account and array must stay; the rest is the current memory context's.
 *
 * Raises 22023, which names the element and its member, never what it holds.
 * Can be cancelled between two SMS.
 */
extern CsSmsEvents *
cs_sms_event_begin(const char *account, const JsonbValue *sms,
				   TimestampTz captured_at);

/* The next event, which stays until the one after it; NULL: none is left. */
extern Jsonb *cs_sms_event_next(CsSmsEvents *events);

/*
 * Is what a provider has under an event's name another one than was sent?  Told by
 * the times of what is in it; what the provider does not show is taken for the
 * same.
 */
extern bool cs_sms_event_differs(Jsonb *sent, Jsonb *kept);

#endif /* CS_SMS_EVENT_H */
