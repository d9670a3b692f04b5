/*-------------------------------------------------------------------------
 * noting.c
 *	  What the ledger is told of a question.
 *
 * An account is whose mapping it is, and what its provider knows the customer by,
 * and never a secret: its options that are none; only where the mapping has no
 * other its secrets count, and then a rotated one makes another account of it.  The
 * holder counts since anybody may make a mapping that names another's account, and
 * must not be served what that one has bought.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "session/noting.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/money.h"
#include "base/text.h"
#include "pg/clock.h"
#include "pg/compat.h"
#include "pg/guc.h"
#include "pg/jsonb_digest.h"
#include "shared/journal.h"
#include "shared/journal_record.h"
#include "store/digest_key.h"

/* Holder, provider, address, endpoint, then name and value of options and arguments. */
#define MAX_PARTS (5 + 4 * CS_ACCOUNT_MAX_PAIRS)

/* So many hexadecimal digits tell accounts of a mapping apart. */
#define ACCOUNT_DIGITS 8

#define HOST_SIZE 128

/* --- digests --- */

/* Is there an option of the mapping that is no secret? */
static bool
has_name(const CsSettings *s)
{
	for (const CsOption *o = s->provider->options; o->name != NULL; o++)
		if (o->place == CS_ON_MAPPING && !o->secret &&
			cs_template_option(&s->account, o->name) != NULL)
			return true;
	return false;
}

static const char *
role_name(Oid role)
{
	char *name = GetUserNameFromId(role, true);

	return name != NULL ? name : "";
}

/* Who is asked, as whom. */
static int
account_parts(const CsSettings *s, const char **parts)
{
	bool named = has_name(s);
	int	 n = 0;

	parts[n++] = OidIsValid(s->holder) ? role_name(s->holder) : NULL;
	parts[n++] = s->provider->name;
	parts[n++] = s->account.base_url;
	for (const CsOption *o = s->provider->options; o->name != NULL; o++)
	{
		const char *value = o->secret && named
								? NULL
								: cs_template_option(&s->account, o->name);

		if (value == NULL)
			continue;
		parts[n++] = o->name;
		parts[n++] = value;
	}
	return n;
}

static void
digest_question(const CsAsk *ask, CsKey *digest)
{
	const char *parts[MAX_PARTS];
	int			n = account_parts(ask->settings, parts);

	parts[n++] = ask->endpoint->name;
	for (int i = 0; i < ask->args.npairs && n + 2 <= MAX_PARTS; i++)
	{
		parts[n++] = ask->args.pairs[i].name;
		parts[n++] = ask->args.pairs[i].value;
	}
	cs_digest_key_make(digest, parts, n);
}

/* A person's number is the same, whoever is asked about it. */
static void
digest_subject(const char *subject, CsKey *digest)
{
	cs_digest_key_make(digest, &subject, 1);
}

/* --- texts --- */

typedef struct Writer
{
	char *at;
	char *end;
} Writer;

/* Cut at a character, where it is longer than others need to be. */
static void
put(Writer *w, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len > CS_NOTE_TEXT_MAX)
		len = pg_mbcliplen(text, (int) len, CS_NOTE_TEXT_MAX);
	Assert(w->at + len + 1 <= w->end);
	memcpy(w->at, text != NULL ? text : "", len);
	w->at[len] = '\0';
	w->at += len + 1;
}

/* The host of an address, with its port if that is said. */
static void
find_host(const char *url, char out[HOST_SIZE])
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	snprintf(out, HOST_SIZE, "%.*s", (int) strcspn(host, "/"), host);
}

/* Whose mapping, and which account: kept as long as the same one asks. */
static const char *
account_label(const CsSettings *s)
{
	static char	 label[NAMEDATALEN + ACCOUNT_DIGITS + 2];
	static CsKey of;
	static Oid	 holder;
	const char	*parts[MAX_PARTS];
	CsKey		 digest;
	char		 digits[2 * CS_KEY_SIZE + 1];

	if (label[0] != '\0' && cs_key_equal(&of, &s->account_key) &&
		holder == s->holder)
		return label;
	cs_digest_key_make(&digest, parts, account_parts(s, parts));
	digits[hex_encode((const char *) digest.bytes, CS_KEY_SIZE, digits)] =
		'\0';
	snprintf(label, sizeof(label), "%s/%.*s",
			 OidIsValid(s->holder) ? role_name(s->holder) : "public",
			 ACCOUNT_DIGITS, digits);
	of = s->account_key;
	holder = s->holder;
	return label;
}

/* Providers' texts are UTF-8; a subject that is no number may be anything. */
static void
mask(const char *subject, char *out, size_t size)
{
	cs_text_mask(subject, out, size);
	if (GetDatabaseEncoding() != PG_UTF8)
		for (char *c = out; *c != '\0'; c++)
			if (IS_HIGHBIT_SET(*c))
				*c = '?';
}

static void
put_texts(Writer *w, const CsAsk *ask, const char *subject,
		  const char *purpose)
{
	const CsSettings *s = ask->settings;
	char			  host[HOST_SIZE];
	char			  masked[CS_SUBJECT_SIZE];
	char			  price[CS_MONEY_TEXT_SIZE] = "";

	if (s->limits.price > 0)
		cs_money_show(s->limits.price, price);
	find_host(s->account.base_url, host);
	mask(subject, masked, sizeof(masked));
	put(w, role_name(GetUserId()));
	put(w, role_name(GetSessionUserId()));
	put(w, application_name);
	put(w, s->server_name);
	put(w, s->provider->name);
	put(w, ask->endpoint->name);
	put(w, host);
	put(w, account_label(s));
	put(w, s->timezone);
	put(w, price);
	put(w, s->limits.currency);
	put(w, purpose);
	put(w, masked);
}

static bool
has_ledger(const CsSettings *settings)
{
	return settings->limits.ledger != CS_LEDGER_OFF && !RecoveryInProgress();
}

static bool
is_told(const CsEndpoint *endpoint, const CsSettings *settings)
{
	return endpoint->fee != CS_FEE_NONE && has_ledger(settings);
}

bool
cs_noting_keeps(const CsAsk *ask)
{
	return ask->settings->limits.keep_answers > 0 &&
		   ask->settings->limits.ledger != CS_LEDGER_OFF &&
		   ask->endpoint->shared && ask->endpoint->fee != CS_FEE_NONE;
}

bool
cs_noting_looks(const CsAsk *ask)
{
	return cs_noting_keeps(ask) ||
		   ask->settings->limits.ledger == CS_LEDGER_SYNC;
}

const CsDigests *
cs_noting_digests(const CsAsk *ask)
{
	CsDigests *digests = ask->digests;

	if (digests->made)
		return digests;
	digest_question(ask, &digests->question);
	digest_subject(cs_template_argument(&ask->args, "subject"),
				   &digests->subject);
	digests->made = true;
	return digests;
}

const CsNote *
cs_noting_make(const CsAsk *ask, const char *purpose)
{
	static union
	{
		CsNote note;
		char   bytes[CS_NOTE_MAX];
	} made;
	const char *subject = cs_template_argument(&ask->args, "subject");
	Writer		w = {made.bytes + sizeof(CsNote), made.bytes + CS_NOTE_MAX};

	if (!is_told(ask->endpoint, ask->settings))
		return NULL;
	memset(&made.note, 0, sizeof(made.note));
	made.note.database = MyDatabaseId;
	made.note.query_id = (int64) pgstat_get_my_query_id();
	made.note.question = cs_noting_digests(ask)->question;
	made.note.subject = cs_noting_digests(ask)->subject;
	put_texts(&w, ask, subject, purpose);
	made.note.len = (uint32) (w.at - made.bytes);
	return &made.note;
}

/* What an answer was read as is lost when it cannot be written; the answer is not. */
void
cs_noting_answer(const CsSettings *settings, const char *request_id,
				 const Jsonb *answer, const char *reference)
{
	CsReadRecord record;

	if (!has_ledger(settings))
		return;
	memset(&record, 0, sizeof(record));
	record.read_at = cs_clock_now();
	cs_journal_record_uuid(request_id, &record.request_id);
	cs_jsonb_digest(answer, record.digest);
	(void) cs_journal_append(
		&(CsJournalEntry){
			.type = CS_JOURNAL_READ,
			.database = MyDatabaseId,
			.parts = {{&record, sizeof(record)},
					  {reference, Min(strlen(reference), CS_NOTE_TEXT_MAX)},
					  {"", 1}}},
		NULL);
}

/* --- what was served without a call --- */

/* Questions of one kind, since the ledger was told last. */
typedef struct Reused
{
	uint64			  serial; /* of the settings */
	const CsEndpoint *endpoint;
	Oid				  role;
	CsReusedRecord	  record; /* count 0: nothing is to be told */
	union
	{
		CsNote note;
		char   bytes[CS_NOTE_MAX];
	} about;
} Reused;

static Reused reused;

/* What finds no room stays counted until it does.  Does not raise. */
static void
tell_reused(void)
{
	const CsNote *note = &reused.about.note;

	if (reused.record.count == 0 ||
		cs_journal_room(note->database, 0) != CS_JOURNAL_ROOM)
		return;
	reused.record.at = cs_clock_now();
	if (cs_journal_append(&(CsJournalEntry){.type = CS_JOURNAL_REUSED,
											.database = note->database,
											.parts = {{&reused.record,
													   sizeof(reused.record)},
													  {note, note->len}}},
						  NULL))
		reused.record.count = 0;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT)
		tell_reused();
}

static bool
is_same_kind(const CsAsk *ask)
{
	return reused.record.count > 0 && reused.serial == ask->settings->serial &&
		   reused.endpoint == ask->endpoint && reused.role == GetUserId();
}

/* A row of its own: nothing waits for that, and what finds no room is left out. */
static void
log_reused(const CsAsk *ask, const CsOrigin *origin)
{
	const CsNote *note = cs_noting_make(ask, cs_guc_purpose());
	CsCallRecord  call;

	memset(&call, 0, sizeof(call));
	call.called_at = cs_clock_now();
	call.request_id = origin->request_id;
	call.source =
		origin->source == CS_ORIGIN_KEPT ? CS_SOURCE_KEPT : CS_SOURCE_MEMORY;
	call.outcome = CS_CALL_ANSWERED;
	call.billed = CS_BILLED_NO;
	if (cs_journal_room(note->database, 0) != CS_JOURNAL_ROOM ||
		!cs_journal_append(&(CsJournalEntry){.type = CS_JOURNAL_ENDED,
											 .database = note->database,
											 .parts = {{&call, sizeof(call)},
													   {note, note->len}}},
						   NULL))
		cs_journal_left_out();
}

void
cs_noting_reused(const CsAsk *ask, const CsOrigin *origin)
{
	const CsNote *note;

	if (!is_told(ask->endpoint, ask->settings))
		return;
	if (ask->settings->limits.log_reuse)
		log_reused(ask, origin);
	if (!is_same_kind(ask))
	{
		tell_reused();
		note = cs_noting_make(ask, NULL);
		reused.serial = ask->settings->serial;
		reused.endpoint = ask->endpoint;
		reused.role = GetUserId();
		reused.record.count = 0;
		memcpy(&reused.about, note, note->len);
	}
	reused.record.count++;
}

void
cs_noting_init(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
}
