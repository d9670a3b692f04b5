/*-------------------------------------------------------------------------
 * core.h
 *	  What every room shares: status, error, pairs, how a call ended.
 *
 * The rooms base and provider include no PostgreSQL header, so that unit
 * tests and fuzzers link them alone.  Their functions return a status and
 * fill a CsError; they never raise, log or exit.  Their memory comes from
 * malloc and is released by the caller with the function named beside its
 * type.
 *------------------------------------------------------------------------- */
#ifndef CS_CORE_H
#define CS_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Arguments are evaluated twice. */
#define CS_MIN(a, b) ((a) < (b) ? (a) : (b))
#define CS_MAX(a, b) ((a) > (b) ? (a) : (b))

typedef enum CsStatus
{
	CS_OK = 0,
	CS_FAIL /* the CsError says why */
} CsStatus;

/* One code per cause; error.c gives each its SQLSTATE. */
typedef enum CsErrorCode
{
	CS_ERR_NONE = 0,
	CS_ERR_ARGUMENT,	   /* malformed subject or argument */
	CS_ERR_SERVER_LACKS,   /* a server option that is required */
	CS_ERR_MAPPING_LACKS,  /* a credential that is required */
	CS_ERR_MAPPING_VALUE,  /* a credential that cannot be right */
	CS_ERR_SUBJECT,		   /* provider: unknown, or cannot be scored */
	CS_ERR_UNREACHABLE,	   /* nothing was sent: DNS, connect, TLS */
	CS_ERR_CREDENTIALS,	   /* provider refused the credentials */
	CS_ERR_SERVER_REFUSED, /* likewise, for what the server's options say */
	CS_ERR_BUDGET,		   /* server's, or calls per statement, used up */
	CS_ERR_MAPPING_BUDGET, /* the user mapping's daily budget is used up */
	CS_ERR_SPEND,		   /* the server's daily_spend leaves no call */
	CS_ERR_UNKNOWN,		   /* lost after sending; may be billed */
	CS_ERR_RATE,		   /* 429 beyond the retries */
	CS_ERR_QUEUE,		   /* no turn within queue_timeout */
	CS_ERR_NOT_UNDERSTOOD, /* not JSON, wrong shape, bad encoding */
	CS_ERR_TOO_LARGE,	   /* body too large or nested too deeply */
	CS_ERR_UNAVAILABLE,	   /* breaker open, or refused with 503 */
	CS_ERR_PROCESSING,	   /* the provider is still working on it */
	CS_ERR_MEMORY,		   /* no memory for question or answer */
	CS_ERR_JOURNAL,		   /* there is no room for it in the journal */
	CS_ERR_NOT_CACHED,	   /* not asked: credscore.mode, or a reader */
	CS_ERR_SWITCHED_OFF,   /* likewise: credscore.enabled */
	CS_ERR_SERVER_OFF,	   /* likewise: the server's option enabled */
	CS_ERR_AWAY,		   /* likewise: the database is not at home here */
	CS_ERR_PURPOSE,		   /* likewise: it was not said what for */
	CS_ERR_COUNT
} CsErrorCode;

#define CS_MESSAGE_SIZE		  256
#define CS_DETAIL_SIZE		  512
#define CS_PROVIDER_CODE_SIZE 64

/*
 * A failure.  Texts are safe to show: they hold no secret, and no run of
 * digits long enough to be a phone number (see cs_text_redact).
 */
typedef struct CsError
{
	CsErrorCode code;
	char		message[CS_MESSAGE_SIZE]; /* lower case, no full stop */
	char		detail[CS_DETAIL_SIZE];	  /* full sentences, or empty */
	char		provider_code[CS_PROVIDER_CODE_SIZE]; /* provider's own */
	const char *hint; /* what to do, static; NULL: the code's own */
} CsError;

/* Fills *err; format and arguments as printf's.  Returns CS_FAIL. */
extern CsStatus
cs_core_error(CsError *err, CsErrorCode code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
extern void cs_core_detail(CsError *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* How one call, an exchange on the wire, ended. */
typedef enum CsCallEnd
{
	CS_CALL_REPLY,	   /* a complete reply, whatever its status */
	CS_CALL_NOT_SENT,  /* provably nothing was sent */
	CS_CALL_WITHHELD,  /* we kept it from leaving: nobody waits any more */
	CS_CALL_UNFIT,	   /* not sent: our client certificate is none */
	CS_CALL_UNTRUSTED, /* the peer's TLS refused our client certificate */
	CS_CALL_LOST,	   /* sent; the reply did not come, or not whole */
	CS_CALL_TOO_LARGE, /* sent; the reply exceeds its limit */
	CS_CALL_GARBLED	   /* sent; the reply is no HTTP, or no gzip */
} CsCallEnd;

/* A name and its value: options, credentials, arguments. */
typedef struct CsPair
{
	const char *name;
	const char *value;
} CsPair;

/* NULL when there is no such name. */
extern const char *
cs_core_pair(const CsPair *pairs, int npairs, const char *name);

/* Overwrites memory in a way the compiler keeps. */
extern void cs_core_wipe(void *memory, size_t len);

#endif /* CS_CORE_H */
