/*-------------------------------------------------------------------------
 * request.h
 *	  A request: what came, whom it is about, what is replied, and the waits
 *	  in between.
 *
 * A request is an SbRequest from arrival until libmicrohttpd reports it
 * completed; it owns the bytes of its body and of its reply and goes back to a
 * free list afterwards, so that the usual request costs no allocation of ours.
 *------------------------------------------------------------------------- */
#ifndef SANDBOX_REQUEST_H
#define SANDBOX_REQUEST_H

#include <json-c/json.h>
#include <microhttpd.h>

#include "core/text.h"
#include "core/timer.h"
#include "core/types.h"

#define SB_MAX_SUBJECT		127
#define SB_MAX_REQUEST_BODY (32 * 1024 * 1024)
#define SB_MAX_HEADERS		4
#define SB_MAX_PIECES		4

/* A TCP connection. */
typedef struct SbClient
{
	int				 fd;
	bool			 counted; /* has asked a provider something */
	uint32_t		 serial;  /* 1, 2, ... among the counted ones */
	bool			 certificate_read;
	bool			 certified;		  /* by the authority that is trusted */
	char			 certificate[64]; /* its name; empty: none was shown */
	struct SbClient *next;			  /* free list */
} SbClient;

typedef enum SbStage
{
	SB_STAGE_READING,
	SB_STAGE_WAITING, /* suspended before its reply is made */
	SB_STAGE_REPLIED
} SbStage;

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

struct SbRequest
{
	struct MHD_Connection	*connection;
	SbClient				*client;
	const SbProvider		*provider; /* NULL for /control */
	const struct SbEndpoint *endpoint; /* NULL when none has this URL */
	SbCounter				*counter;  /* NULL for /control */
	SbStage					 stage;
	bool					 begun;		/* counted as in flight */
	bool					 suspended; /* libmicrohttpd leaves it alone */
	bool					 held;		/* waits for /control/release */
	bool					 drop; /* end the connection instead of replying */
	bool	 watched;	   /* loop looks whether the client goes away */
	bool	 wrong_method; /* the URL exists, for another method */
	uint64_t arrived_us;
	uint32_t serial;

	char		 subject[SB_MAX_SUBJECT + 1];
	size_t		 subject_len;
	char		 request_id[SB_MAX_SUBJECT + 1];
	const char	*account; /* whose token or key it carried, if live */
	uint32_t	 seen;	  /* times this subject was asked, this included */
	bool		 repeated_id;
	int			 variant; /* the provider's: which form of request it is */
	const void	*detail;  /* the provider's: what its route found */
	const char	*pieces[SB_MAX_PIECES]; /* what the "*" of its URL stand for */
	SbText		 url;  /* the bytes of those; control: method and URL */
	SbText		 in;   /* request body */
	json_object *body; /* the same as a tree, once read; or NULL */

	SbFault	  *wait_fault;
	SbFault	  *reply_fault;
	int		   login_variant;
	bool	   wrong_subject;
	int		   envelope_status; /* for providers that repeat the status */
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

	SbTimer	   timer;
	void	  *waiter; /* control: what /control/wait waits for */
	SbRequest *prev;   /* list of suspended requests, oldest first */
	SbRequest *next;   /* the same, and the free list */
};

extern SbRequest *sb_request_suspended; /* the oldest of them */

/* A request was resumed since the loop last cleared it. */
extern bool sb_request_resumed;

/* From the free list, all zeros; and back to it. */
extern SbRequest *sb_request_new(void);
extern void		  sb_request_free(SbRequest *request);

/* Takes the request out of libmicrohttpd's hands; negative: until resumed. */
extern void sb_request_suspend(SbRequest *request, int64_t wait_us);
extern void sb_request_resume(SbRequest *request);

/* Ends a suspended request's connection without a reply. */
extern void sb_request_drop(SbRequest *request);

/*
 * Ends waits that only a script would end: held requests are answered, those
 * never to be answered are dropped.  "all" drops whatever is suspended.
 */
extern void sb_request_settle(bool all);

/*
 * Read the body into request->body, an object of any depth, which the request
 * owns: as JSON, as a form if its content type says so, or as whichever of
 * them it is.  False when it is no object, or not what its type says.
 */
extern bool sb_request_read_json(SbRequest *request);
extern bool sb_request_read_form(SbRequest *request);
extern bool sb_request_read_json_or_form(SbRequest *request);

/* Adds a reply header; at most SB_MAX_HEADERS beside the content type. */
extern void
sb_request_header(SbRequest *request, const char *name, const char *value);

extern const char *sb_request_query(SbRequest *request, const char *name);
extern const char *sb_request_get_header(SbRequest *request, const char *name);

/* "Authorization: <scheme> x" gives x; NULL when there is no such header. */
extern const char *
sb_request_authorization(SbRequest *request, const char *scheme);

/* Whom the request asks about; longer ones are cut. */
extern void
sb_request_subject(SbRequest *request, const char *text, size_t len);

/* The same, with the string at a path of the body, if it is there. */
extern void sb_request_subject_at(SbRequest *request, const char *path);

#endif /* SANDBOX_REQUEST_H */
