/*-------------------------------------------------------------------------
 * sms_event.c
 *	  SMS made into events that Weza takes.
 *
 * An array of SMS may be large: memory is that of one event, which lies in a
 * context of its own, and what one SMS needs beside its value goes with the
 * next one.  The form of an event is that of
 * https://docs.weza.io/lending-api/rest-reference/apps.events and
 * https://docs.weza.io/lending-api/types/sms .
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "reading/sms_event.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "pg/compat.h"
#include "reading/jsonb_read.h"

/* What an event has around its SMS, its account and numbers included. */
#define FRAME_BYTES 1024

#define ACCOUNT_MAX_BYTES 256

/* A number below this is in seconds (in milliseconds: the year 1973). */
#define SMALLEST_MS INT64CONST(100000000000)

/* A number beyond this is in microseconds (in milliseconds: the year 10000). */
#define LARGEST_MS INT64CONST(253402300799999)

#define MS_UNTIL_2000 \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * 1000)

pg_noreturn static void
refuse(uint32 index, const char *member, const char *expects);

static void
refuse(uint32 index, const char *member, const char *expects)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("malformed SMS"),
		 errdetail("Element %u: %s must be %s.", index + 1, member, expects)));
}

/* --- one SMS --- */

static void
push_key(JsonbParseState **state, const char *name)
{
	JsonbValue key = {.type = jbvString};

	key.val.string.val = unconstify(char *, name);
	key.val.string.len = (int) strlen(name);
	pushJsonbValue(state, WJB_KEY, &key);
}

static void
push_text(JsonbParseState **state, const char *name, const char *text)
{
	JsonbValue value = {.type = jbvString};

	push_key(state, name);
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = (int) strlen(text);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_integer(JsonbParseState **state, const char *name, int64 number)
{
	JsonbValue value = {.type = jbvNumeric};

	push_key(state, name);
	value.val.numeric = int64_to_numeric(number);
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_value(JsonbParseState **state, const char *name, JsonbValue *value)
{
	push_key(state, name);
	pushJsonbValue(state, WJB_VALUE, value);
}

static void
put_address(JsonbParseState **state, const JsonbValue *sms, uint32 index)
{
	JsonbValue value;

	if (!cs_jsonb_read_get(sms, "address", &value) ||
		value.type != jbvString ||
		cs_jsonb_read_is_blank(value.val.string.val, value.val.string.len))
		refuse(index, "\"address\"", "a text: who sent it, or to whom");
	push_value(state, "address", &value);
}

static void
put_body(JsonbParseState **state, const JsonbValue *sms, uint32 index)
{
	JsonbValue value;

	if (!cs_jsonb_read_get(sms, "rawBody", &value) || value.type != jbvString)
		refuse(index, "\"rawBody\"", "a text");
	push_value(state, "rawBody", &value);
}

static bool
read_time(const JsonbValue *value, int64 *ms)
{
	Timestamp moment;
	bool	  has_offset;
	int		  offset;

	if (value->type == jbvNumeric)
		return cs_jsonb_read_int64(value, ms) && *ms >= SMALLEST_MS &&
			   *ms <= LARGEST_MS;
	if (!cs_jsonb_read_timestamp(value, &moment, &has_offset, &offset) ||
		!has_offset)
		return false;
	*ms = (moment - (int64) offset * USECS_PER_SEC) / 1000 + MS_UNTIL_2000;
	return true;
}

static void
put_time(JsonbParseState **state, const JsonbValue *sms, uint32 index)
{
	JsonbValue value;
	int64	   ms;

	if (!cs_jsonb_read_get(sms, "timestamp", &value) ||
		!read_time(&value, &ms))
		refuse(
			index, "\"timestamp\"",
			"milliseconds since 1970, or a text with an offset such as 2020-03-11T12:00:00+03:00");
	push_integer(state, "timestamp", ms);
}

static bool
is_text(const JsonbValue *value, const char *text)
{
	return value->type == jbvString &&
		   value->val.string.len == (int) strlen(text) &&
		   memcmp(value->val.string.val, text, strlen(text)) == 0;
}

static void
put_direction(JsonbParseState **state, const JsonbValue *sms, uint32 index)
{
	JsonbValue value;

	if (!cs_jsonb_read_get(sms, "direction", &value))
	{
		push_text(state, "direction", "inbound");
		return;
	}
	if (!is_text(&value, "inbound") && !is_text(&value, "outbound"))
		refuse(index, "\"direction\"", "inbound or outbound");
	push_value(state, "direction", &value);
}

/* types/sms: 0 unread, 1 read, 2 not known; samples have a boolean, too. */
static void
put_read(JsonbParseState **state, const JsonbValue *sms, uint32 index)
{
	JsonbValue value;
	int64	   number = 2;

	if (cs_jsonb_read_get(sms, "read", &value))
	{
		if (value.type == jbvBool)
			number = value.val.boolean;
		else if (value.type != jbvNumeric ||
				 !cs_jsonb_read_int64(&value, &number) || number < 0 ||
				 number > 2)
			refuse(index, "\"read\"", "0, 1, 2 or a boolean");
	}
	push_integer(state, "read", number);
}

static void
put_id(JsonbParseState **state, const JsonbValue *sms, uint32 index)
{
	JsonbValue value;
	int64	   number;

	if (!cs_jsonb_read_get(sms, "smsId", &value))
		return;
	if (value.type == jbvString)
		push_value(state, "smsId", &value);
	else if (value.type == jbvNumeric && cs_jsonb_read_int64(&value, &number))
		push_text(state, "smsId", psprintf(INT64_FORMAT, number));
	else
		refuse(index, "\"smsId\"", "a text or an integer");
}

static Jsonb *
make_value(const JsonbValue *sms, uint32 index)
{
	JsonbParseState *state = NULL;

	if (!cs_jsonb_read_is_object(sms))
		refuse(index, "it", "an object");
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	put_address(&state, sms, index);
	put_body(&state, sms, index);
	put_time(&state, sms, index);
	put_direction(&state, sms, index);
	put_read(&state, sms, index);
	put_id(&state, sms, index);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

/* Bytes of its text on the wire, with the comma after it. */
static int
text_size(Jsonb *jsonb)
{
	char *text = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
	char *sent = pg_server_to_any(text, (int) strlen(text), PG_UTF8);
	int	  size = (int) strlen(sent) + 2;

	if (sent != text)
		pfree(sent);
	pfree(text);
	return size;
}

/* --- an event --- */

/* "2020-03-11T09:00:00.000Z" */
static char *
time_text(TimestampTz time)
{
	struct pg_tm tm;
	fsec_t		 fsec;

	if (TIMESTAMP_NOT_FINITE(time) ||
		timestamp2tm(time, NULL, &tm, &fsec, NULL, NULL) != 0 ||
		tm.tm_year < 1970 || tm.tm_year > 9999)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for argument \"captured_at\""),
				 errdetail("It must be a time in the years 1970 to 9999.")));
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year,
					tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
					fsec / 1000);
}

/* An event under construction. */
typedef struct Event
{
	const char		*account;
	TimestampTz		 at;
	JsonbParseState *values;
	int				 n; /* how many they are */
	int				 size;
} Event;

struct CsSmsEvents
{
	const char	 *account;
	JsonbValue	  sms;
	uint32		  next;	   /* the element that comes next */
	TimestampTz	  at;	   /* when the next event is to have been captured */
	MemoryContext memory;  /* of the latest event */
	MemoryContext scratch; /* of the latest SMS */
};

/* The value must stay: the event points into it until it is finished. */
static void
add_value(Event *event, const Jsonb *value, int size)
{
	JsonbValue element = {.type = jbvBinary};

	element.val.binary.data = unconstify(JsonbContainer *, &value->root);
	element.val.binary.len = VARSIZE(value) - VARHDRSZ;
	pushJsonbValue(&event->values, WJB_ELEM, &element);
	event->n++;
	event->size += size;
}

static Jsonb *
finish(Event *event)
{
	JsonbParseState *state = NULL;
	JsonbValue *values = pushJsonbValue(&event->values, WJB_END_ARRAY, NULL);
	Jsonb	   *list = JsonbValueToJsonb(values);
	JsonbValue	list_value = {.type = jbvBinary};

	list_value.val.binary.data = &list->root;
	list_value.val.binary.len = VARSIZE(list) - VARHDRSZ;
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, "accountId", event->account);
	push_text(&state, "eventType", "personal_data.captured");
	push_text(&state, "timestamp", time_text(event->at));
	push_key(&state, "data");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_text(&state, "kind", "lending.wezaapis.com/sms");
	push_value(&state, "values", &list_value);
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
check_arguments(const char *account, const JsonbValue *sms)
{
	if (strlen(account) > ACCOUNT_MAX_BYTES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("malformed account id")));
	if (!cs_jsonb_read_is_array(sms))
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("argument \"sms\" must be an array"),
			 errhint(
				 "Gather rows with jsonb_agg(jsonb_build_object('address', ..., 'timestamp', ..., 'rawBody', ...)).")));
}

CsSmsEvents *
cs_sms_event_begin(const char *account, const JsonbValue *sms,
				   TimestampTz captured_at)
{
	CsSmsEvents *events = palloc0(sizeof(*events));

	check_arguments(account, sms);
	pfree(time_text(captured_at));
	events->account = account;
	events->sms = *sms;
	events->at = captured_at;
	events->memory =
		AllocSetContextCreate(CurrentMemoryContext, "credscore event of SMS",
							  ALLOCSET_DEFAULT_SIZES);
	events->scratch = AllocSetContextCreate(
		CurrentMemoryContext, "credscore SMS", ALLOCSET_SMALL_SIZES);
	return events;
}

/* The value of the next SMS and its size, in a context of one SMS. */
static Jsonb *
read_next(CsSmsEvents *events, int *size)
{
	MemoryContext caller = MemoryContextSwitchTo(events->scratch);
	JsonbValue	  element;
	Jsonb		 *value;

	if (!cs_jsonb_read_at(&events->sms, events->next, &element))
		refuse(events->next, "it", "an object");
	value = make_value(&element, events->next);
	*size = text_size(value);
	if (*size + FRAME_BYTES >= CS_SMS_EVENT_MAX_BYTES)
		refuse(events->next, "it", "smaller than 5 MB");
	MemoryContextSwitchTo(caller);
	return value;
}

static Jsonb *
copy_jsonb(const Jsonb *jsonb)
{
	return memcpy(palloc(VARSIZE(jsonb)), jsonb, VARSIZE(jsonb));
}

/* Adds as many SMS as there is room for, at least one. */
static void
fill(CsSmsEvents *events, Event *event)
{
	uint32 n = cs_jsonb_read_count(&events->sms);

	pushJsonbValue(&event->values, WJB_BEGIN_ARRAY, NULL);
	for (; events->next < n; events->next++)
	{
		int	   size;
		Jsonb *value;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(events->scratch);
		value = read_next(events, &size);
		if (event->n > 0 && event->size + size >= CS_SMS_EVENT_MAX_BYTES)
			return;
		add_value(event, copy_jsonb(value), size);
	}
}

Jsonb *
cs_sms_event_next(CsSmsEvents *events)
{
	Event event = {
		.account = events->account, .at = events->at, .size = FRAME_BYTES};
	MemoryContext caller;
	Jsonb		 *made;

	MemoryContextReset(events->memory);
	if (events->next >= cs_jsonb_read_count(&events->sms))
		return NULL;
	caller = MemoryContextSwitchTo(events->memory);
	fill(events, &event);
	made = finish(&event);
	MemoryContextSwitchTo(caller);
	events->at += 1000;
	return made;
}

/* --- the same event? --- */

/* The times in an event's data, in their order. */
typedef struct Times
{
	const JsonbValue *data;
	uint32			  part;
	uint32			  next;
} Times;

static bool
next_time(Times *times, int64 *ms)
{
	JsonbValue part;
	JsonbValue values;
	JsonbValue value;
	JsonbValue time;

	for (; cs_jsonb_read_at(times->data, times->part, &part);
		 times->part++, times->next = 0)
	{
		if (!cs_jsonb_read_get(&part, "values", &values))
			continue;
		while (cs_jsonb_read_at(&values, times->next, &value))
		{
			times->next++;
			if (cs_jsonb_read_get(&value, "timestamp", &time) &&
				time.type == jbvNumeric && cs_jsonb_read_int64(&time, ms))
				return true;
		}
	}
	return false;
}

static bool
get_data(Jsonb *event, JsonbValue *data)
{
	cs_jsonb_read_root(event, data);
	return cs_jsonb_read_get(data, "data", data) &&
		   cs_jsonb_read_is_array(data);
}

bool
cs_sms_event_differs(Jsonb *sent, Jsonb *kept)
{
	JsonbValue sent_data;
	JsonbValue kept_data;
	Times	   a = {.data = &sent_data};
	Times	   b = {.data = &kept_data};
	int64	   sent_ms;
	int64	   kept_ms;
	bool	   more;

	if (!get_data(sent, &sent_data) || !get_data(kept, &kept_data))
		return false;
	do
	{
		more = next_time(&a, &sent_ms);
		if (more != next_time(&b, &kept_ms) || (more && sent_ms != kept_ms))
			return true;
	} while (more);
	return false;
}
