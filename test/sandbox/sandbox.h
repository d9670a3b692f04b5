/*-------------------------------------------------------------------------
 * sandbox.h
 *	  The provider simulator: shared types, and prototypes grouped by file.
 *
 * One process, one thread, no locks.  libmicrohttpd parses and sends; main.c
 * owns the event loop and tells it when to run.  A request is an SbRequest
 * from arrival until libmicrohttpd reports it completed; it owns the bytes of
 * its body and of its reply and goes back to a free list afterwards, so that
 * the usual request costs no allocation of ours.
 *
 * Vocabulary: an endpoint is one URL and method of a provider; a path is the
 * name under which endpoints are counted and faults are scripted ("token" for
 * both /oauth/token and /oauth2/token); a subject is whom a request asks
 * about; a switch is a behaviour that no document fixes (settings.c).
 *
 * A further provider is one new file and one line in sb_providers[] (route.c).
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <microhttpd.h>

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

typedef struct SbRequest  SbRequest;
typedef struct SbFault	  SbFault;
typedef struct SbCounter  SbCounter;
typedef struct SbProvider SbProvider;

/* ---- text.c: bytes, numbers, hashes ---- */

/* A growing byte string; data is not terminated unless sb_text_end is used. */
typedef struct SbText
{
	char  *data;
	size_t len;
	size_t cap;
} SbText;

extern void *sb_alloc(size_t size);
extern void	 sb_text_grow(SbText *text, size_t more);
extern void	 sb_text_int(SbText *text, int64_t value);
extern void	 sb_text_decimal(SbText *text, int64_t value, int scale);
extern void	 sb_text_json(SbText *text, const char *str, size_t len);
extern void	 sb_text_hex(SbText *text, uint64_t value, int digits);
extern void	 sb_text_uuid(SbText *text, uint64_t seed);
extern void	 sb_text_base64url(SbText *text, const void *bytes, size_t len);
extern void
sb_text_insert(SbText *text, size_t at, const char *str, size_t len);
extern const char *sb_text_end(SbText *text);
extern void		   sb_text_free(SbText *text);
extern uint64_t	   sb_mix(uint64_t value);
extern uint64_t	   sb_hash(const void *bytes, size_t len, uint64_t seed);
extern size_t
sb_base64_decode(const char *from, size_t len, char *to, size_t size);
extern bool	  sb_base64_valid(const char *text, size_t len);
extern size_t sb_url_decode(char *text, size_t len);

static inline void
sb_text_reserve(SbText *text, size_t more)
{
	if (text->cap - text->len < more)
		sb_text_grow(text, more);
}

static inline void
sb_text_mem(SbText *text, const char *bytes, size_t len)
{
	sb_text_reserve(text, len);
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
}

static inline void
sb_text_str(SbText *text, const char *str)
{
	sb_text_mem(text, str, strlen(str));
}

static inline void
sb_text_char(SbText *text, char c)
{
	sb_text_reserve(text, 1);
	text->data[text->len++] = c;
}

/* The n-th pseudo-random number of a subject. */
static inline uint64_t
sb_pick(uint64_t seed, uint64_t n)
{
	return sb_mix(seed + (n + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* ---- member.c: the members of a flat JSON object or form ---- */

typedef enum SbMemberType
{
	SB_MEMBER_STRING,
	SB_MEMBER_NULL,
	SB_MEMBER_OTHER /* number, boolean, array, object: as written */
} SbMemberType;

/* Points into the text it was read from. */
typedef struct SbMember
{
	const char	*name;
	size_t		 name_len;
	const char	*value;
	size_t		 len;
	SbMemberType type;
} SbMember;

#define SB_MAX_MEMBERS 32

extern int sb_json_members(char *text, size_t len, SbMember *members, int max);
extern int sb_form_members(char *text, size_t len, SbMember *members, int max);
extern const SbMember			  *
sb_member(const SbMember *members, int n, const char *name);
extern bool sb_member_is(const SbMember *member, const char *value);

/* ---- timer.c: what happens later ---- */

typedef struct SbTimer
{
	uint64_t due_us;
	size_t	 slot; /* place in the heap + 1; 0 while not armed */
	void (*fire)(void *arg);
	void *arg;
} SbTimer;

extern uint64_t sb_now_us;	 /* monotonic, read once per turn of the loop */
extern uint64_t sb_epoch_ms; /* Unix time of the same moment */

extern void sb_clock_read(void);
extern void sb_timer_start(SbTimer *timer, uint64_t due_us);
extern void sb_timer_stop(SbTimer *timer);
extern void sb_timers_run(void);
extern int	sb_timers_open(void);
extern void sb_timers_arm(void);

/* ---- settings.c: the switches ---- */

typedef enum SbLacPlace
{
	SB_LAC_TOTALS,
	SB_LAC_PRODUCT,
	SB_LAC_TOP
} SbLacPlace;

typedef enum SbNesting
{
	SB_NEST_OBJECT,
	SB_NEST_ARRAY,
	SB_NEST_WRAPPED,
	SB_NEST_LEGACY
} SbNesting;

typedef enum SbPending
{
	SB_PENDING_202,
	SB_PENDING_200,
	SB_PENDING_NULL
} SbPending;

typedef enum SbErrorItems
{
	SB_ITEMS_DOCUMENTED,
	SB_ITEMS_STRINGS,
	SB_ITEMS_OBJECTS
} SbErrorItems;

typedef enum SbErrorBody
{
	SB_ERROR_DETAIL,
	SB_ERROR_MESSAGE,
	SB_ERROR_ERROR,
	SB_ERROR_TEXT,
	SB_ERROR_EMPTY
} SbErrorBody;

typedef enum SbRecency
{
	SB_RECENCY_BOTH,
	SB_RECENCY_TOP,
	SB_RECENCY_FEATURES
} SbRecency;

typedef struct SbSettings
{
	int	   latency_ms; /* every endpoint but log-ins */
	int	   login_latency_ms;
	double tail_percent; /* this share of calls takes tail_ms instead */
	int	   tail_ms;
	int	   token_lifetime; /* seconds; 0: what the provider documents */
	int	   magic;		   /* do magic subjects misbehave? */
	int	   gzip;		   /* compress for clients that accept it */
	int	   keep_alive;
	int	   expires_in_string;
	int	   lac_place;
	int	   lac_oddities;	 /* uniqueEntities60 a string, requestsNonBank17 */
	int	   duplicate_status; /* for a repeated requestId; 0: answer it */
	int	   report_nesting;
	int	   report_polls; /* polls that find every report unfinished */
	int	   report_pending;
	int	   upload_http_status;
	int	   error_items;
	int	   callback_required;
	int	   pngme_error_body;
	int	   pngme_unknown_status;
	int	   pngme_recency;
} SbSettings;

struct json_object;

extern SbSettings sb_settings;
extern SbSettings
	sb_start_settings; /* defaults with the command line's changes */

extern bool sb_settings_set(struct json_object *members, SbText *error);
extern struct json_object *sb_settings_json(void);

/* ---- route.c: providers, endpoints, magic subjects ---- */

/* What one ending (or, for references, last group's beginning) makes happen. */
typedef struct SbMagic
{
	const char *mark;
	int			status; /* HTTP status to refuse with; 0: see code */
	int			code;	/* provider's own, for what is no refusal */
	const char *text;	/* message of a refusal, and for --help */
} SbMagic;

typedef struct SbEndpoint
{
	const char *path; /* name in counters and faults */
	const char *method;
	const char *url; /* below the provider's prefix */
	bool		login;
	void (*identify)(SbRequest *request); /* sets subject */
	void (*answer)(SbRequest *request);
	SbCounter *counter; /* filled in by sb_route_init */
} SbEndpoint;

/* A log-in or a key that works without one. */
typedef struct SbAccount
{
	const char *name; /* email or client id; NULL for a fixed token */
	const char *secret;
} SbAccount;

struct SbProvider
{
	const char *name; /* first piece of the URL path */
	SbEndpoint *endpoints;
	int			nendpoints;
	SbEndpoint *(*route)(SbRequest	*request,
						 const char *rest); /* NULL: the URL says all */
	void (*refuse)(SbRequest *request, int status, const char *message);
	void (*init)(void);		   /* renders templates */
	const int *unknown_status; /* switch for marks that say 404; or NULL */
	const char
		*duplicate_member;	   /* member that fault duplicate_keys repeats */
	const char	  *magic_help; /* how marks are read */
	const SbMagic *magic;	   /* ends with a NULL mark */
};

extern const SbProvider sb_pngme;
extern const SbProvider sb_lenderlink;
extern const SbProvider sb_patascore;

extern const SbProvider *const sb_providers[];
extern const int			   sb_nproviders;
extern const SbMagic		   sb_refusals[];

extern void sb_route_init(void);
extern void sb_route(SbRequest *request, const char *method, const char *url);
extern const SbMagic *
sb_magic_find(const SbMagic *magic, const char *text, size_t len, bool at_end);
extern bool sb_magic_refused(SbRequest *request);
extern void sb_magic_help(SbText *text);

/* ---- server.c: from libmicrohttpd to a request and back ---- */

#define SB_MAX_SUBJECT		63
#define SB_MAX_REQUEST_BODY (32 * 1024 * 1024)

/* A TCP connection. */
typedef struct SbClient
{
	int				 fd;
	bool			 counted; /* has asked a provider something */
	uint32_t		 serial;  /* 1, 2, ... among the counted ones */
	struct SbClient *next;	  /* free list */
} SbClient;

typedef enum SbStage
{
	SB_STAGE_READING,
	SB_STAGE_WAITING, /* suspended before its reply is made */
	SB_STAGE_REPLIED
} SbStage;

typedef enum SbLoginVariant
{
	SB_LOGIN_NORMAL,
	SB_LOGIN_NO_TOKEN,	/* reply without a token */
	SB_LOGIN_TRUNCATED, /* only half of the token */
	SB_LOGIN_OPAQUE,	/* a token that is no JWT */
	SB_LOGIN_EXPIRED,	/* a token that has expired already */
	SB_LOGIN_EXPIRES_IN_STRING,
	SB_LOGIN_NO_EXPIRES,
	SB_LOGIN_EXPIRES_AT_SECONDS,
	SB_LOGIN_EXPIRES_AT_MS,
	SB_LOGIN_EMPTY_LIST /* pngme: no organisation at all */
} SbLoginVariant;

typedef enum SbSendMode
{
	SB_SEND_NORMAL,
	SB_SEND_DRIP,
	SB_SEND_CUT,		 /* half of the body, then the connection ends */
	SB_SEND_LONG,		 /* Content-Length promises more than is sent */
	SB_SEND_SHORT,		 /* Content-Length promises less than is sent */
	SB_SEND_TWO_LENGTHS, /* two different Content-Length headers */
	SB_SEND_NOTHING,	 /* the connection ends without a reply */
	SB_SEND_RESET		 /* so, with a TCP RST */
} SbSendMode;

#define SB_MAX_HEADERS 4

struct SbRequest
{
	struct MHD_Connection *connection;
	SbClient			  *client;
	const SbProvider	  *provider; /* NULL for /control */
	SbEndpoint			  *endpoint; /* NULL when no endpoint has this URL */
	SbCounter			  *counter;	 /* NULL for /control */
	SbStage				   stage;
	bool				   begun;	  /* counted as in flight */
	bool				   suspended; /* libmicrohttpd leaves it alone */
	bool				   held;	  /* waits for /control/release */
	bool				   drop; /* end the connection instead of replying */
	bool	 watched;			 /* loop looks whether the client goes away */
	bool	 wrong_method;		 /* the URL exists, for another method */
	uint64_t arrived_us;
	uint32_t serial;

	char		subject[SB_MAX_SUBJECT + 1];
	size_t		subject_len;
	char		request_id[SB_MAX_SUBJECT + 1];
	const char *account; /* whose token or key it carried, if live */
	uint32_t	seen;	 /* times this subject was asked, this included */
	bool		repeated_id;
	int			variant; /* pngme: which identifier; others: form of request */
	int			country; /* pngme: place in its table */
	SbText		url;	 /* control only */
	SbText		in;		 /* request body */
	SbMember	members[SB_MAX_MEMBERS];
	int			nmembers; /* -1: body is not what it should be */

	SbFault		  *wait_fault;
	SbFault		  *reply_fault;
	SbLoginVariant login_variant;
	bool		   wrong_subject;
	int		   envelope_status; /* patascore: differs from the HTTP status */
	SbSendMode send_mode;
	size_t	   drip_bytes;
	int		   drip_ms;
	bool	   drip_ready;

	int			status;
	const char *content_type;
	const char *header_names[SB_MAX_HEADERS];
	char	   *header_values[SB_MAX_HEADERS]; /* malloc'd */
	int			nheaders;
	SbText		out; /* reply body */

	SbTimer timer;
	void (*resumed)(SbRequest *request); /* control: fills the reply */
	void	  *waiter; /* control: what /control/wait waits for */
	SbRequest *prev;   /* list of suspended requests, oldest first */
	SbRequest *next;   /* the same, and the free list */
};

extern SbRequest *sb_suspended; /* oldest suspended request */

extern enum MHD_Result
sb_server_handle(void *cls, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *upload,
				 size_t *upload_len, void **context);
extern void
sb_server_completed(void *cls, struct MHD_Connection *connection,
					void **context, enum MHD_RequestTerminationCode code);
extern void
			sb_server_connected(void *cls, struct MHD_Connection *connection,
								void **context, enum MHD_ConnectionNotificationCode code);
extern void sb_request_suspend(SbRequest *request, int64_t wait_us);
extern void sb_request_resume(SbRequest *request);
extern void sb_request_drop(SbRequest *request);

/* A request was resumed since the loop last cleared it. */
extern bool sb_resumed;

extern void
sb_request_header(SbRequest *request, const char *name, const char *value);
extern const char *sb_request_query(SbRequest *request, const char *name);
extern const char *sb_request_get_header(SbRequest *request, const char *name);
extern void
sb_request_subject(SbRequest *request, const char *text, size_t len);
extern void sb_requests_settle(bool all);

/* ---- main.c ---- */

extern void sb_watch(SbRequest *request);
extern void sb_unwatch(SbRequest *request);

/* ---- reply.c: sends what was made ---- */

extern enum MHD_Result sb_reply_send(SbRequest *request);
extern void			   sb_reply_excess(SbRequest *request);

/* ---- token.c ---- */

/* Long enough for a JWT of ours. */
#define SB_TOKEN_MAX 512

extern void		   sb_token_init(void);
extern const char *sb_token_issue(SbRequest *request, const char *account,
								  int lifetime, int64_t *expires_at);
extern bool		   sb_token_check(SbRequest *request, const char *token);
extern void sb_token_fixed(const SbProvider *provider, const char *token,
						   const char *account);
extern int	sb_token_revoke(const SbProvider *provider, bool fixed);
extern void sb_token_reset(bool issued);
extern const SbAccount *
sb_account_find(const SbAccount *accounts, const char *name, size_t name_len,
				const char *secret, size_t secret_len);

/* ---- count.c ---- */

#define SB_MAX_STATUSES 16

/* What was seen under one path of one provider. */
struct SbCounter
{
	const SbProvider *provider;
	const char		 *path;
	bool			  login;
	uint64_t		  received; /* head and body fully read */
	uint64_t		  finished; /* replied to, or dropped */
	uint64_t		  bytes_in;
	uint64_t		  bytes_out;
	uint32_t		  in_flight;
	uint32_t		  in_flight_max;
	uint32_t		  held;
	struct
	{
		int		 status; /* 0: ended without a reply */
		uint64_t count;
	} statuses[SB_MAX_STATUSES];
};

typedef struct SbConnections
{
	uint64_t total;
	uint32_t open;
	uint32_t open_max;
	uint64_t accepted; /* every TCP connection, also of /control */
} SbConnections;

typedef struct SbSubjects
{
	uint64_t distinct;
	uint64_t repeated; /* requests beyond the first of a subject */
	uint64_t max;
} SbSubjects;

extern SbCounter	 sb_total;
extern SbConnections sb_connections;

extern SbCounter *sb_counter_get(const SbProvider *provider, const char *path);
extern SbCounter *sb_counter_find(const char *provider, const char *path);
extern SbCounter *sb_counter_all(int *n);
extern void		  sb_count_received(SbRequest *request);
extern void		  sb_count_finished(SbRequest *request);
extern void		  sb_count_reset(void);
extern uint32_t
sb_subject_add(SbCounter *counter, char kind, const char *text, size_t len);
extern uint32_t
sb_subject_get(SbCounter *counter, char kind, const char *text, size_t len);
extern SbSubjects		   sb_subject_summary(SbCounter *counter, char kind);
extern struct json_object *sb_log_json(int n);

/* ---- fault.c, fault_apply.c ---- */

typedef enum SbPhase
{
	SB_PHASE_WAIT,	 /* before anything else */
	SB_PHASE_BEFORE, /* instead of the answer, or changes how it is made */
	SB_PHASE_AFTER,	 /* changes the answer's body */
	SB_PHASE_SEND	 /* changes how it is sent */
} SbPhase;

typedef struct SbFaultKind
{
	const char *name;
	SbPhase		phase;
	bool (*apply)(SbRequest		*request,
				  const SbFault *fault); /* BEFORE: whether the
																		 * provider still answers */
} SbFaultKind;

/* A scripted misbehaviour; counted references, since requests outlive it. */
struct SbFault
{
	int				   id;
	int				   references;
	const SbFaultKind *kind;
	const SbProvider  *provider; /* NULL: any */
	char			  *path;	 /* NULL: any */
	char			  *subject;	 /* NULL: any */
	int64_t			   after;	 /* matching requests to leave alone first */
	int64_t			   times;	 /* -1: forever */
	int64_t			   hits;
	double			   percent; /* of the matching requests, spread evenly */
	double			   share;	/* accumulates percent */
	int				   status;
	int				   envelope_status;
	int				   ms;
	int64_t			   bytes;
	int				   depth;
	bool			   shorter;
	bool			   fixed;
	char			  *retry_after;
	char			  *body;
	char			  *content_type;
	char			  *location;
	char			  *text;
	char			  *variant;
	SbFault			  *next;
};

extern const SbFaultKind sb_fault_kinds[];
extern const int		 sb_nfault_kinds;

extern SbFault *sb_fault_add(struct json_object *script, SbText *error);
extern int		sb_fault_drop(int id, bool holds_only);
extern void		sb_fault_match(SbRequest *request);
extern void		sb_fault_release(SbFault *fault);
extern struct json_object *sb_fault_json(void);
extern const char		  *sb_login_variant_names(int n);

/* ---- gzip.c ---- */

extern void sb_gzip(SbText *text);
extern void sb_gzip_bomb(SbText *text, int64_t bytes);

/* ---- control.c, control_wait.c ---- */

extern void sb_control(SbRequest *request);
extern void
sb_control_error(SbRequest *request, int status, const char *message);
extern void sb_control_json(SbRequest *request, struct json_object *object);
extern struct json_object *sb_control_counter_json(const SbCounter *counter);
extern void				   sb_wait_begin(SbRequest *request);
extern void				   sb_wait_end(SbRequest *request);
extern void				   sb_wait_check(void);

#endif /* SANDBOX_H */
