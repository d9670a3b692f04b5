/*-------------------------------------------------------------------------
 * sms_message.c
 *	  The messages about money of one phone; see sms_message.h.
 *
 * Times.  A text tells the local time of its issuer, to the minute or the
 * second; one that tells only a day, nothing, or a time long after it came, is
 * of the minute in which it came.  The text of an overdraft's draw tells no time and repeats the receipt
 * of the payment, and so is of its time.
 *
 * Duplicates.  A phone's messages may have been gathered twice.  Two messages
 * in one form with one receipt are one; without a receipt they are one when
 * text and time of coming are the same.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "features/sms_message.h"

#include "datatype/timestamp.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "features/sms_account.h"
#include "features/sms_party.h"
#include "reading/jsonb_read.h"
#include "reading/plain.h"

#define FIRST_SIZE 64

#define MS_UNTIL_2000 \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * 1000)

/* Below these a number is in seconds, and beyond in microseconds. */
#define SMALLEST_MS INT64CONST(100000000000)
#define LARGEST_MS	INT64CONST(253402300799999)

static const char event_kind[] = "lending.wezaapis.com/sms";

/* --- one message --- */

static bool
get_text(const JsonbValue *object, const char *key, const char **text,
		 int *len)
{
	JsonbValue value;

	if (!cs_jsonb_read_get(object, key, &value) || value.type != jbvString)
		return false;
	*text = value.val.string.val;
	*len = value.val.string.len;
	return true;
}

static bool
is_text(const char *text, int len, const char *word)
{
	return len == (int) strlen(word) && memcmp(text, word, len) == 0;
}

/* Milliseconds since 1970, or a text with an offset. */
static bool
get_stamp(const JsonbValue *sms, int64 *stamp)
{
	JsonbValue value;
	int64	   ms;
	bool	   has_offset;
	int		   offset;

	if (!cs_jsonb_read_get(sms, "timestamp", &value))
		return false;
	if (cs_jsonb_read_int64(&value, &ms))
	{
		if (ms < SMALLEST_MS || ms > LARGEST_MS)
			return false;
		*stamp = (ms - MS_UNTIL_2000) * 1000;
		return true;
	}
	if (!cs_jsonb_read_timestamp(&value, stamp, &has_offset, &offset) ||
		!has_offset)
		return false;
	*stamp -= (int64) offset * USECS_PER_SEC;
	return true;
}

static int64
zone_of(CsSmsIssuerId issuer)
{
	return cs_sms_form_issuers[issuer].zone * USECS_PER_HOUR;
}

/* Rounds down, also before 2000. */
static int64
floor_to(int64 time, int64 unit)
{
	int64 rest = time % unit;

	return time - rest - (rest < 0 ? unit : 0);
}

/* The time that a text tells, in local time; a day alone is its beginning. */
static int64
told_time(const CsSmsRead *read)
{
	int64 time = cs_sms_field_day(read) * USECS_PER_DAY;

	if (read->has_clock)
		time += (read->hour * SECS_PER_HOUR + read->minute * SECS_PER_MINUTE +
				 read->second) *
				USECS_PER_SEC;
	return time;
}

/*
 * No text tells of what is to come.  One that does is mistaken, or the clock of
 * the phone was; the receipt of M-PESA, which has the date, says which.
 */
static bool
is_believed(const CsSmsMessage *message, int64 told)
{
	int64 day;

	if (!message->has_stamp ||
		told <= message->stamp + zone_of(message->issuer) + USECS_PER_DAY)
		return true;
	return message->issuer == CS_SMS_MPESA &&
		   cs_sms_field_receipt_day(&message->read, &day) &&
		   Abs(cs_sms_field_day(&message->read) - day) <= 1;
}

static void
take_time(CsSmsMessage *message)
{
	const CsSmsRead *read = &message->read;
	int64			 zone = zone_of(message->issuer);
	int64			 local = message->stamp + zone;
	int64			 told = read->has_date ? told_time(read) : 0;
	bool			 believed = read->has_date && is_believed(message, told);

	message->has_time = message->has_stamp || read->has_date;
	if (believed && (read->has_clock || !message->has_stamp ||
					 floor_to(local, USECS_PER_DAY) != told))
		local = told;
	else
		local = floor_to(local, USECS_PER_MINUTE);
	message->time = local - zone;
}

/* What is cut is cut between two characters; in SQL_ASCII they are of UTF-8. */
static int
cut_length(const char *text, int len)
{
	int encoding = GetDatabaseEncoding();

	return pg_encoding_mbcliplen(encoding == PG_SQL_ASCII ? PG_UTF8 : encoding,
								 text, len, len);
}

static void
copy_text(CsSmsMessage *message, const char *raw, int len)
{
	char		collapsed[CS_SMS_TEXT_MAX];
	int			plain_len;
	const char *plain = cs_plain_text(raw, len, &plain_len);
	int			n = (int) cs_sms_text_collapse(plain, plain_len, collapsed);
	char	   *text;

	message->text_len = n < CS_SMS_TEXT_MAX ? n : cut_length(collapsed, n);
	text = palloc(message->text_len + 1);
	memcpy(text, collapsed, message->text_len);
	message->text = text;
	if (plain < raw || plain > raw + len)
		pfree(unconstify(char *, plain));
}

static void
take_text(CsSmsMessage *message, const char *raw, int len,
		  const CsPartyList *parties)
{
	copy_text(message, raw, len);
	if (cs_sms_text_read(message->issuer, message->text, message->text_len,
						 &message->read))
		cs_sms_party_take(message, parties);
	take_time(message);
}

static CsSmsMessage *
add_message(CsSmsMessages *messages)
{
	CsSmsMessage *message;

	if (messages->nmessages == messages->size)
	{
		messages->size *= 2;
		messages->messages = repalloc_huge(
			messages->messages, sizeof(CsSmsMessage) * (Size) messages->size);
	}
	message = &messages->messages[messages->nmessages++];
	memset(message, 0, sizeof(*message));
	return message;
}

/* A message that says nothing of money is not kept. */
static void
read_message(CsSmsMessages *messages, const JsonbValue *sms, int line,
			 const CsPartyList *parties)
{
	CsSmsMessage *message = add_message(messages);
	const char	 *text;
	int			  len;

	message->line = line;
	if ((get_text(sms, "direction", &text, &len) &&
		 is_text(text, len, "outbound")) ||
		!get_text(sms, "address", &message->sender, &message->sender_len) ||
		!get_text(sms, "rawBody", &text, &len) ||
		!cs_sms_party_issuer(message, parties))
	{
		messages->nmessages--;
		return;
	}
	message->has_stamp = get_stamp(sms, &message->stamp);
	take_text(message, text, len, parties);
}

/* --- all messages --- */

/* What walks through events and arrays counts the messages. */
typedef struct Reading
{
	CsSmsMessages	  *messages;
	const CsPartyList *parties;
} Reading;

static void
read_values(Reading *reading, const JsonbValue *values)
{
	JsonbIterator	  *iterator;
	JsonbIteratorToken token;
	JsonbValue		   sms;

	if (!cs_jsonb_read_is_array(values))
		return;
	iterator = JsonbIteratorInit(values->val.binary.data);
	(void) JsonbIteratorNext(&iterator, &sms, true);
	while ((token = JsonbIteratorNext(&iterator, &sms, true)) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		read_message(reading->messages, &sms, ++reading->messages->lines,
					 reading->parties);
	}
}

static void
read_event(Reading *reading, const JsonbValue *event)
{
	JsonbValue	data;
	JsonbValue	part;
	JsonbValue	values;
	const char *kind;
	int			len;

	if (!cs_jsonb_read_get(event, "data", &data))
		return;
	for (uint32 i = 0; cs_jsonb_read_at(&data, i, &part); i++)
		if (get_text(&part, "kind", &kind, &len) &&
			is_text(kind, len, event_kind) &&
			cs_jsonb_read_get(&part, "values", &values))
			read_values(reading, &values);
}

/* Messages, or events, by the first element. */
static void
read_array(Reading *reading, const JsonbValue *array)
{
	JsonbValue element;

	if (!cs_jsonb_read_at(array, 0, &element) ||
		!cs_jsonb_read_has(&element, "data"))
	{
		read_values(reading, array);
		return;
	}
	for (uint32 i = 0; cs_jsonb_read_at(array, i, &element); i++)
		read_event(reading, &element);
}

/* --- duplicates --- */

static int
compare_texts(const char *a, int a_len, const char *b, int b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return a_len > 0 ? memcmp(a, b, a_len) : 0;
}

static int
compare_receipts(const CsSmsMessage *a, const CsSmsMessage *b)
{
	if (a->issuer != b->issuer)
		return a->issuer < b->issuer ? -1 : 1;
	return compare_texts(a->read.receipt.text, (int) a->read.receipt.len,
						 b->read.receipt.text, (int) b->read.receipt.len);
}

static int
compare_copies(const CsSmsMessage *a, const CsSmsMessage *b)
{
	int order = compare_receipts(a, b);

	if (order == 0 && a->read.form != b->read.form)
		order = a->read.form < b->read.form ? -1 : 1;
	if (order != 0 || a->read.receipt.len > 0)
		return order;
	if (a->stamp != b->stamp)
		return a->stamp < b->stamp ? -1 : 1;
	return compare_texts(a->text, a->text_len, b->text, b->text_len);
}

/* Of copies the first that came is the first. */
static int
by_copies(const void *left, const void *right)
{
	const CsSmsMessage *a = left;
	const CsSmsMessage *b = right;
	int					order = compare_copies(a, b);

	if (order == 0)
		order = (a->stamp > b->stamp) - (a->stamp < b->stamp);
	return order != 0 ? order : a->line - b->line;
}

static bool
is_draw(const CsSmsMessage *message)
{
	return message->read.form != NULL &&
		   message->read.form->class == CS_MPESA_OVERDRAFT;
}

/*
 * What the text of a payment tells of the draw that was made for it: its time,
 * and the balance between the two.
 */
static void
tell_draw(CsSmsMessage *draw, CsSmsMessage *payment)
{
	const CsSmsRead *read = &payment->read;

	if (read->form == NULL || !read->is_debit)
		return;
	payment->fuliza = true;
	if (read->has_date)
	{
		draw->time = payment->time;
		draw->has_time = true;
	}
	draw->left = read->balance;
	draw->left.hundredths += read->amount.hundredths + read->fee.hundredths;
}

/* A draw has the receipt of its payment, and so is beside it. */
static void
match_draw(CsSmsMessage *messages, int n, int draw)
{
	for (int other = Max(draw - 1, 0); other <= Min(draw + 1, n - 1); other++)
		if (other != draw &&
			compare_receipts(&messages[draw], &messages[other]) == 0)
			tell_draw(&messages[draw], &messages[other]);
}

static void
leave_out_copies(CsSmsMessages *messages)
{
	CsSmsMessage *all = messages->messages;
	int			  kept = 0;

	CHECK_FOR_INTERRUPTS();
	qsort(all, messages->nmessages, sizeof(CsSmsMessage), by_copies);
	for (int i = 0; i < messages->nmessages; i++)
		if (kept == 0 || compare_copies(&all[kept - 1], &all[i]) != 0)
			all[kept++] = all[i];
	messages->duplicates = messages->nmessages - kept;
	messages->nmessages = kept;
	for (int i = 0; i < kept; i++)
		if (is_draw(&all[i]))
			match_draw(all, kept, i);
}

/* --- order --- */

/* Those without time first. */
static int
by_time(const void *left, const void *right)
{
	const CsSmsMessage *a = left;
	const CsSmsMessage *b = right;

	if (a->has_time != b->has_time)
		return a->has_time ? 1 : -1;
	if (a->has_time && a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->stamp != b->stamp)
		return a->stamp < b->stamp ? -1 : 1;
	return a->line - b->line;
}

static void
take_currency(CsSmsMessages *messages)
{
	int			  counts[CS_SMS_ISSUERS] = {0};
	CsSmsIssuerId most = CS_SMS_MPESA;
	int			  naira = 0;
	int			  shillings = 0;

	for (int i = 0; i < messages->nmessages; i++)
		counts[messages->messages[i].issuer] +=
			messages->messages[i].read.form != NULL;
	for (int i = 0; i < CS_SMS_ISSUERS; i++)
	{
		const char *currency = cs_sms_form_issuers[i].currency;

		if (currency == NULL || counts[i] == 0)
			continue;
		if (strcmp(currency, "NGN") == 0)
			naira += counts[i];
		else
			shillings += counts[i];
	}
	if (naira > shillings)
		most = CS_SMS_GTBANK;
	messages->zone = zone_of(most);
	messages->currency =
		naira + shillings > 0 ? cs_sms_form_issuers[most].currency : NULL;
}

bool
cs_sms_message_read(const JsonbValue *sms, const CsPartyList *parties,
					CsSmsMessages *messages)
{
	Reading reading = {messages, parties};

	memset(messages, 0, sizeof(*messages));
	messages->size = FIRST_SIZE;
	messages->messages = palloc(sizeof(CsSmsMessage) * FIRST_SIZE);
	if (cs_jsonb_read_is_array(sms))
		read_array(&reading, sms);
	else if (cs_jsonb_read_has(sms, "data"))
		read_event(&reading, sms);
	else
		return false;
	leave_out_copies(messages);
	CHECK_FOR_INTERRUPTS();
	qsort(messages->messages, messages->nmessages, sizeof(CsSmsMessage),
		  by_time);
	take_currency(messages);
	cs_sms_account_number(messages);
	return true;
}
