/*-------------------------------------------------------------------------
 * core.h
 *	  What every layer shares: status, error, buffer, pairs.
 *
 * Layer 0.  No PostgreSQL header is included here or in any file of this
 * layer, so that unit tests and fuzzers link it alone.  Functions of layer 0
 * return a status and fill a CsError; they never raise, log or exit.
 * Memory of layer 0 comes from malloc and is released by the caller with the
 * function named beside its type.
 *------------------------------------------------------------------------- */
#ifndef CS_CORE_H
#define CS_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum CsStatus
{
	CS_OK = 0,
	CS_FAIL						/* the CsError says why */
} CsStatus;

/* One code per cause; error.c gives each its SQLSTATE. */
typedef enum CsErrorCode
{
	CS_ERR_NONE = 0,
	CS_ERR_ARGUMENT,			/* malformed subject, argument or option */
	CS_ERR_MAPPING,				/* the user mapping lacks a credential */
	CS_ERR_SUBJECT,				/* provider: unknown, or cannot be scored */
	CS_ERR_UNREACHABLE,			/* nothing was sent: DNS, connect, TLS */
	CS_ERR_CREDENTIALS,			/* provider refused the credentials */
	CS_ERR_BUDGET,				/* budget or calls per statement used up */
	CS_ERR_UNKNOWN,				/* lost after sending; may be billed */
	CS_ERR_RATE,				/* 429 beyond the retries */
	CS_ERR_QUEUE,				/* no turn within queue_timeout */
	CS_ERR_NOT_UNDERSTOOD,		/* not JSON, wrong shape, bad encoding */
	CS_ERR_TOO_LARGE,			/* body too large or nested too deeply */
	CS_ERR_UNAVAILABLE,			/* breaker open, or refused with 503 */
	CS_ERR_PROCESSING,			/* the provider is still working on it */
	CS_ERR_MEMORY,				/* no memory for question or answer */
	CS_ERR_NOT_CACHED,			/* not asked: credscore.mode, or a reader */
	CS_ERR_COUNT
} CsErrorCode;

#define CS_MESSAGE_SIZE			256
#define CS_DETAIL_SIZE			512
#define CS_PROVIDER_CODE_SIZE	64

/*
 * A failure.  Texts are safe to show: they hold no secret, and no run of
 * digits long enough to be a phone number (see cs_text_redact).
 */
typedef struct CsError
{
	CsErrorCode code;
	char		message[CS_MESSAGE_SIZE];	/* lower case, no full stop */
	char		detail[CS_DETAIL_SIZE]; /* full sentences, or empty */
	char		provider_code[CS_PROVIDER_CODE_SIZE];	/* provider's own */
} CsError;

/* Fills *err; format and arguments as printf's.  Returns CS_FAIL. */
extern CsStatus cs_error_set(CsError *err, CsErrorCode code,
							 const char *format,...)
			__attribute__((format(printf, 3, 4)));
extern void cs_error_detail(CsError *err, const char *format,...)
			__attribute__((format(printf, 2, 3)));

/* How one call, an exchange on the wire, ended. */
typedef enum CsCallEnd
{
	CS_CALL_REPLY,				/* a complete reply, whatever its status */
	CS_CALL_NOT_SENT,			/* provably nothing was sent */
	CS_CALL_LOST,				/* sent; the reply did not come, or not whole */
	CS_CALL_TOO_LARGE,			/* sent; the reply exceeds its limit */
	CS_CALL_GARBLED				/* sent; the reply is no HTTP, or no gzip */
} CsCallEnd;

/* A name and its value: options, credentials, arguments. */
typedef struct CsPair
{
	const char *name;
	const char *value;
} CsPair;

/* NULL when there is no such name. */
extern const char *cs_pair_get(const CsPair *pairs, int npairs,
							   const char *name);

/*
 * A growing byte string, always NUL-terminated at data[len] once something
 * was appended.  After a failed allocation, or beyond CS_BUF_MAX, `failed`
 * stays true and appends do nothing: check it once, at the end.
 */
#define CS_BUF_MAX	(64 * 1024 * 1024)

typedef struct CsBuf
{
	char	   *data;
	size_t		len;
	size_t		size;
	bool		failed;
} CsBuf;

extern void cs_buf_append(CsBuf *buf, const char *bytes, size_t len);
extern void cs_buf_puts(CsBuf *buf, const char *text);
extern void cs_buf_printf(CsBuf *buf, const char *format,...)
			__attribute__((format(printf, 2, 3)));

/* Percent-encodes everything but RFC 3986 unreserved characters. */
extern void cs_buf_put_urlencoded(CsBuf *buf, const char *text);

/* Appends a JSON string literal, quotes included; `text` is valid UTF-8. */
extern void cs_buf_put_json_string(CsBuf *buf, const char *text);

/* Standard base64 with padding (RFC 4648 section 4). */
extern void cs_buf_put_base64(CsBuf *buf, const void *bytes, size_t len);

/* Overwrites the content, then frees it.  Accepts a zeroed buffer. */
extern void cs_buf_free(CsBuf *buf);

/* Overwrites memory in a way the compiler keeps. */
extern void cs_wipe(void *memory, size_t len);

/*
 * Length in bytes (1 to 4) of the UTF-8 character at `bytes`, of which `left`
 * (at least 1) may be read; 0 when it is not well formed (RFC 3629: no
 * over-long form, no surrogate, at most U+10FFFF).
 */
extern size_t cs_utf8_length(const unsigned char *bytes, size_t left);

/*
 * Makes a foreign text fit to be shown, in place: runs of seven and more
 * digits (also with spaces, dashes, brackets or dots between them) keep
 * their first three and last two, words of 24 and more characters that look
 * like a key or token become "[redacted]", control characters become spaces,
 * invalid UTF-8 becomes '?'.
 */
extern void cs_text_redact(char *text);

/*
 * Masks a subject for messages: the first up to five and the last up to three
 * characters stay ("254700123456" -> "25470****456"), and at least four
 * characters, or all of a shorter subject, are hidden.
 */
extern void cs_mask_subject(const char *subject, char *out, size_t outlen);

#endif							/* CS_CORE_H */
