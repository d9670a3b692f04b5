/*-------------------------------------------------------------------------
 * stats.c
 *	  What was asked of each server, in shared memory.
 *
 * A place is taken once and stays until the server stops.  The lock guards
 * taking it; numbers are atomic, so that counting waits for nobody.  A reset
 * beside a running count may lose that one.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "shared/stats.h"

#include "port/atomics.h"
#include "utils/timestamp.h"

#include "pg/clock.h"
#include "pg/shmem.h"
#include "provider/registry.h"

/* The end of its day is written last. */
typedef struct Budget
{
	pg_atomic_uint64 size;
	pg_atomic_uint64 unit;
	pg_atomic_uint64 used; /* -1: not known */
	pg_atomic_uint32 young;
	pg_atomic_uint64 end;
} Budget;

typedef struct Mapping
{
	int	   server;
	Oid	   holder;
	Budget budget;
} Mapping;

struct CsStatServer
{
	CsKey			 key;
	char			 name[NAMEDATALEN];
	char			 provider[CS_STAT_PROVIDER_SIZE];
	char			 base_url[CS_STAT_BASE_URL_SIZE];
	pg_atomic_uint64 counters[CS_STAT_NCOUNTERS];
	pg_atomic_uint64 failed[CS_ERR_COUNT];
	pg_atomic_uint64 latencies[CS_HISTOGRAM_BUCKETS];
	pg_atomic_uint32 running;
	pg_atomic_uint32 queued;
	pg_atomic_uint32 breaker;	   /* CsBreakerState */
	pg_atomic_uint32 failures;	   /* calls in a row */
	pg_atomic_uint32 unanswered;   /* questions in a row */
	pg_atomic_uint32 unread;	   /* replies in a row that are no answers */
	pg_atomic_uint32 failed_of;	   /* CsErrorCode */
	pg_atomic_uint64 failed_at;	   /* in ticks */
	pg_atomic_uint64 open_until;   /* in ticks */
	pg_atomic_uint64 paused_until; /* likewise */
	Budget			 budget;
	Budget			 spend;
	pg_atomic_uint32 currency; /* of spend: its letters */
	pg_atomic_uint64 token_until;
};

typedef struct StatTable
{
	int				 nservers; /* grows; what is below is complete */
	pg_atomic_uint64 reset_at;
	CsStatServer	 servers[CS_STAT_MAX_SERVERS];
	int				 nmappings; /* likewise; the courier alone adds */
	Mapping			 mappings[CS_STAT_MAX_MAPPINGS];
} StatTable;

static StatTable *table;
static LWLock	 *table_lock;

static Size
stats_size(void)
{
	return sizeof(StatTable);
}

static void
create_numbers(pg_atomic_uint64 *numbers, int n)
{
	for (int i = 0; i < n; i++)
		pg_atomic_init_u64(&numbers[i], 0);
}

static void
create_budget(Budget *budget)
{
	pg_atomic_init_u64(&budget->size, 0);
	pg_atomic_init_u64(&budget->unit, 0);
	pg_atomic_init_u64(&budget->used, 0);
	pg_atomic_init_u32(&budget->young, 0);
	pg_atomic_init_u64(&budget->end, 0);
}

static void
stats_create(void *memory, LWLock *lock)
{
	StatTable *t = memory;

	memset(t, 0, sizeof(*t));
	pg_atomic_init_u64(&t->reset_at, (uint64) cs_clock_now());
	for (int i = 0; i < CS_STAT_MAX_SERVERS; i++)
	{
		CsStatServer *s = &t->servers[i];

		create_numbers(s->counters, CS_STAT_NCOUNTERS);
		create_numbers(s->failed, CS_ERR_COUNT);
		create_numbers(s->latencies, CS_HISTOGRAM_BUCKETS);
		create_numbers(&s->failed_at, 1);
		create_numbers(&s->open_until, 1);
		create_numbers(&s->paused_until, 1);
		create_numbers(&s->token_until, 1);
		pg_atomic_init_u32(&s->running, 0);
		pg_atomic_init_u32(&s->queued, 0);
		pg_atomic_init_u32(&s->breaker, CS_BREAKER_CLOSED);
		pg_atomic_init_u32(&s->failures, 0);
		create_budget(&s->budget);
		create_budget(&s->spend);
		pg_atomic_init_u32(&s->currency, 0);
		pg_atomic_init_u32(&s->unanswered, 0);
		pg_atomic_init_u32(&s->unread, 0);
		pg_atomic_init_u32(&s->failed_of, CS_ERR_NONE);
	}
	for (int i = 0; i < CS_STAT_MAX_MAPPINGS; i++)
		create_budget(&t->mappings[i].budget);
}

static void
stats_attach(void *memory, LWLock *lock)
{
	table = memory;
	table_lock = lock;
}

static const CsShmemPart stats_part = {"credscore statistics", stats_size,
									   stats_create, stats_attach};

void
cs_stats_init(void)
{
	cs_shmem_register(&stats_part);
}

/* --- the courier's side --- */

/* Places are never given up, so the caller needs no lock. */
static CsStatServer *
find(const CsKey *key)
{
	int n = table->nservers;

	pg_read_barrier();
	for (int i = 0; i < n; i++)
		if (cs_key_equal(&table->servers[i].key, key))
			return &table->servers[i];
	return NULL;
}

CsStatServer *
cs_stats_server(const CsSharedAccount *account)
{
	CsStatServer *server = find(&account->server_key);

	if (server != NULL)
		return server;
	LWLockAcquire(table_lock, LW_EXCLUSIVE);
	if (table->nservers < CS_STAT_MAX_SERVERS)
	{
		server = &table->servers[table->nservers];
		server->key = account->server_key;
		strlcpy(server->name, cs_block_text(account, account->server_name),
				sizeof(server->name));
		strlcpy(server->provider, cs_registry_at(account->provider)->name,
				sizeof(server->provider));
		strlcpy(server->base_url, cs_block_text(account, account->base_url),
				sizeof(server->base_url));
		pg_write_barrier();
		table->nservers++;
	}
	LWLockRelease(table_lock);
	return server;
}

void
cs_stats_courier_start(void)
{
	CsBreakerView closed = {CS_BREAKER_CLOSED, 0, 0, 0};

	for (int i = 0; i < table->nservers; i++)
		cs_stats_gate(&table->servers[i], 0, 0, &closed);
}

void
cs_stats_add(CsStatServer *server, CsStatCounter counter, int64 n)
{
	if (server != NULL)
		pg_atomic_fetch_add_u64(&server->counters[counter], n);
}

/* One more in a row of questions that had no answer. */
static void
count_unanswered(CsStatServer *server, pg_atomic_uint32 *row, CsErrorCode code)
{
	if (pg_atomic_read_u32(row) < INT32_MAX)
		pg_atomic_fetch_add_u32(row, 1);
	pg_atomic_write_u32(&server->failed_of, code);
	pg_atomic_write_u64(&server->failed_at, (uint64) cs_clock_ticks());
}

/* Why a question was not asked has checks of its own, and says nothing of the
 * server. */
static bool
was_kept_back(CsErrorCode code)
{
	return code == CS_ERR_BUDGET || code == CS_ERR_MAPPING_BUDGET ||
		   code == CS_ERR_SPEND || code == CS_ERR_SWITCHED_OFF ||
		   code == CS_ERR_SERVER_OFF || code == CS_ERR_AWAY;
}

/* What the provider says of a subject is as good a sign as an answer. */
void
cs_stats_settled(CsStatServer *server, CsErrorCode code)
{
	if (server == NULL)
		return;
	if (code == CS_ERR_NONE)
		cs_stats_add(server, CS_STAT_ANSWERED, 1);
	else
		pg_atomic_fetch_add_u64(&server->failed[code], 1);
	if (code == CS_ERR_NONE || code == CS_ERR_SUBJECT ||
		code == CS_ERR_PROCESSING)
		pg_atomic_write_u32(&server->unanswered, 0);
	else if (!was_kept_back(code))
		count_unanswered(server, &server->unanswered, code);
}

void
cs_stats_latency(CsStatServer *server, int64 us)
{
	if (server == NULL)
		return;
	pg_atomic_fetch_add_u64(&server->latencies[cs_histogram_bucket(us)], 1);
	cs_stats_add(server, CS_STAT_LATENCY_US, us);
}

void
cs_stats_gate(CsStatServer *server, int running, int queued,
			  const CsBreakerView *pace)
{
	if (server == NULL)
		return;
	pg_atomic_write_u32(&server->running, running);
	pg_atomic_write_u32(&server->queued, queued);
	pg_atomic_write_u32(&server->breaker, pace->breaker);
	pg_atomic_write_u32(&server->failures, pace->failures);
	pg_atomic_write_u64(&server->open_until, (uint64) pace->open_until);
	pg_atomic_write_u64(&server->paused_until, (uint64) pace->paused_until);
}

static void
write_budget(Budget *budget, const CsStatBudget *is)
{
	pg_atomic_write_u64(&budget->size, (uint64) is->size);
	pg_atomic_write_u64(&budget->unit, (uint64) is->unit);
	pg_atomic_write_u64(&budget->used, (uint64) is->used);
	pg_atomic_write_u32(&budget->young, is->young);
	pg_atomic_write_u64(&budget->end, (uint64) is->end);
}

void
cs_stats_budget(CsStatServer *server, const CsStatBudget *budget)
{
	if (server != NULL)
		write_budget(&server->budget, budget);
}

StaticAssertDecl(CS_CURRENCY_SIZE == sizeof(uint32),
				 "a currency's letters and a NUL are no uint32");

void
cs_stats_spend(CsStatServer *server, const CsStatBudget *spend,
			   const char *currency)
{
	uint32 letters;

	if (server == NULL)
		return;
	memcpy(&letters, currency, sizeof(letters));
	pg_atomic_write_u32(&server->currency, letters);
	write_budget(&server->spend, spend);
}

/* NULL: it has no place, and gets one only if it has a budget. */
static Mapping *
mapping_place(int server, Oid holder, bool has_budget)
{
	int		 n = table->nmappings;
	Mapping *mapping = &table->mappings[n];

	for (int i = 0; i < n; i++)
		if (table->mappings[i].server == server &&
			table->mappings[i].holder == holder)
			return &table->mappings[i];
	if (!has_budget || n == CS_STAT_MAX_MAPPINGS)
		return NULL;
	mapping->server = server;
	mapping->holder = holder;
	pg_write_barrier();
	table->nmappings++;
	return mapping;
}

void
cs_stats_mapping_budget(CsStatServer *server, Oid holder,
						const CsStatBudget *budget)
{
	Mapping *mapping = server != NULL
						   ? mapping_place((int) (server - table->servers),
										   holder, budget->size > 0)
						   : NULL;

	if (mapping != NULL)
		write_budget(&mapping->budget, budget);
}

void
cs_stats_token(CsStatServer *server, TimestampTz until)
{
	if (server != NULL)
		pg_atomic_write_u64(&server->token_until, (uint64) until);
}

/* --- sessions --- */

void
cs_stats_cache_hit(const CsKey *server)
{
	cs_stats_add(find(server), CS_STAT_CACHE_HITS, 1);
}

void
cs_stats_kept_hit(const CsKey *server)
{
	cs_stats_add(find(server), CS_STAT_KEPT_HITS, 1);
}

void
cs_stats_understood(const CsKey *server, bool understood)
{
	CsStatServer *s = find(server);

	if (s == NULL)
		return;
	if (!understood)
		count_unanswered(s, &s->unread, CS_ERR_NOT_UNDERSTOOD);
	else if (pg_atomic_read_u32(&s->unread) > 0)
		pg_atomic_write_u32(&s->unread, 0);
}

static void
copy_numbers(uint64 *to, pg_atomic_uint64 *from, int n)
{
	for (int i = 0; i < n; i++)
		to[i] = pg_atomic_read_u64(&from[i]);
}

CsInstant
cs_stats_opens_at(const CsKey *key)
{
	CsStatServer *s = find(key);
	CsInstant	  now = cs_clock_ticks();
	CsInstant	  until = 0;

	if (s == NULL)
		return 0;
	if (pg_atomic_read_u32(&s->breaker) == CS_BREAKER_OPEN)
		until = (CsInstant) pg_atomic_read_u64(&s->open_until);
	until = Max(until, (CsInstant) pg_atomic_read_u64(&s->paused_until));
	return until > now ? until : 0;
}

/* What the courier said last, and what time has made of it since. */
static void
read_gate(CsStatServer *s, CsStatView *view)
{
	CsBreakerView *pace = &view->pace;
	CsInstant	   open_until = (CsInstant) pg_atomic_read_u64(&s->open_until);
	CsInstant paused_until = (CsInstant) pg_atomic_read_u64(&s->paused_until);
	CsInstant now = cs_clock_ticks();

	view->running = (int) pg_atomic_read_u32(&s->running);
	view->queued = (int) pg_atomic_read_u32(&s->queued);
	pace->breaker = (CsBreakerState) pg_atomic_read_u32(&s->breaker);
	pace->failures = (int) pg_atomic_read_u32(&s->failures);
	if (pace->breaker == CS_BREAKER_OPEN && open_until <= now)
		pace->breaker = CS_BREAKER_HALF_OPEN;
	pace->open_until = cs_clock_calendar(open_until);
	pace->paused_until =
		paused_until > now ? cs_clock_calendar(paused_until) : 0;
}

static void
read_failures(CsStatServer *s, CsStatView *view)
{
	view->failures = (int) Max(pg_atomic_read_u32(&s->unanswered),
							   pg_atomic_read_u32(&s->unread));
	view->failed_of = (CsErrorCode) pg_atomic_read_u32(&s->failed_of);
	view->failed_at = (CsInstant) pg_atomic_read_u64(&s->failed_at);
}

static void
read_budget(Budget *budget, CsStatBudget *view, TimestampTz now)
{
	view->size = (int64) pg_atomic_read_u64(&budget->size);
	view->unit = (int64) pg_atomic_read_u64(&budget->unit);
	view->used = (int64) pg_atomic_read_u64(&budget->used);
	view->young = pg_atomic_read_u32(&budget->young) != 0;
	view->end = (TimestampTz) pg_atomic_read_u64(&budget->end);

	/* Nothing has been used of a day that began since. */
	if (view->end <= now)
	{
		view->used = 0;
		view->end = 0;
		view->young = false;
	}
}

static void
read_spend(CsStatServer *s, CsStatView *view, TimestampTz now)
{
	uint32 letters = pg_atomic_read_u32(&s->currency);

	memcpy(view->currency, &letters, sizeof(letters));
	read_budget(&s->spend, &view->spend, now);
}

bool
cs_stats_read(int i, CsStatView *view)
{
	TimestampTz	  now = cs_clock_now();
	CsStatServer *s;

	if (i >= table->nservers)
		return false;
	pg_read_barrier();
	s = &table->servers[i];
	strlcpy(view->name, s->name, sizeof(view->name));
	strlcpy(view->provider, s->provider, sizeof(view->provider));
	strlcpy(view->base_url, s->base_url, sizeof(view->base_url));
	copy_numbers(view->counters, s->counters, CS_STAT_NCOUNTERS);
	copy_numbers(view->failed, s->failed, CS_ERR_COUNT);
	copy_numbers(view->latencies, s->latencies, CS_HISTOGRAM_BUCKETS);
	read_gate(s, view);
	read_failures(s, view);
	read_budget(&s->budget, &view->budget, now);
	read_spend(s, view, now);
	view->token_until = (TimestampTz) pg_atomic_read_u64(&s->token_until);
	view->reset_at = (TimestampTz) pg_atomic_read_u64(&table->reset_at);
	return true;
}

bool
cs_stats_read_mapping(int i, CsStatMapping *mapping)
{
	Mapping *place = &table->mappings[i];

	if (i >= table->nmappings)
		return false;
	pg_read_barrier();
	mapping->server = place->server;
	mapping->holder = place->holder;
	read_budget(&place->budget, &mapping->budget, cs_clock_now());
	return true;
}

static void
clear_numbers(pg_atomic_uint64 *numbers, int n)
{
	for (int i = 0; i < n; i++)
		pg_atomic_write_u64(&numbers[i], 0);
}

void
cs_stats_reset(void)
{
	for (int i = 0; i < table->nservers; i++)
	{
		CsStatServer *s = &table->servers[i];

		clear_numbers(s->counters, CS_STAT_NCOUNTERS);
		clear_numbers(s->failed, CS_ERR_COUNT);
		clear_numbers(s->latencies, CS_HISTOGRAM_BUCKETS);
	}
	pg_atomic_write_u64(&table->reset_at, (uint64) cs_clock_now());
}
