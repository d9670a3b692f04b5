/*-------------------------------------------------------------------------
 * spec.h
 *	  The specification of a question: everything the courier needs to ask
 *	  it, in one block of bytes without pointers.
 *
 * The session builds it under its own privileges and copies it into shared
 * memory; the courier reads it there.  It holds secrets: whoever frees it
 * wipes it first.
 *------------------------------------------------------------------------- */
#ifndef CS_SPEC_H
#define CS_SPEC_H

#include "postgres.h"

#include "utils/dsa.h"

#include "provider/registry.h"
#include "shared/key.h"

/* A string inside the block, NUL-terminated, by offset; 0: absent. */
typedef uint32 CsSpecText;

#define CS_SPEC_MAX_PAIRS 16

/* The limits that hold for one question; times in milliseconds. */
typedef struct CsSpecLimits
{
	int	 connect_timeout;
	int	 request_timeout; /* one attempt, connect included */
	int	 queue_timeout;
	int	 max_retries;
	int	 max_concurrency;
	int	 max_in_flight;		/* the asker's, over all servers */
	int	 max_response_size; /* bytes, after decompression */
	bool retry_ambiguous;
	int	 rate_limit;	   /* calls per second; 0: none */
	int	 breaker_failures; /* in a row, that open it; 0: no breaker */
	int	 breaker_cooldown;
	int	 daily_budget; /* billed calls per UTC day; 0: none */
	int	 cache_ttl;	   /* milliseconds; 0: answers are not kept */
} CsSpecLimits;

typedef struct CsSpecRequest
{
	int		   method; /* CsMethod */
	CsSpecText url;
	CsSpecText headers;
	CsSpecText body;
	uint32	   body_len;
} CsSpecRequest;

typedef struct CsSpec
{
	uint32		  size;		/* of the whole block */
	int			  provider; /* index in the registry */
	bool		  billed;
	bool		  needs_login;
	CsKey		  server_key;  /* whose limits hold */
	CsKey		  account_key; /* whose token is used */
	CsSpecLimits  limits;
	CsSpecText	  server_name;
	CsSpecText	  ca_file;
	CsSpecText	  proxy;
	CsSpecText	  base_url;
	CsSpecText	  request_id;
	CsSpecText	  token; /* fixed token; absent with needs_login */
	CsSpecRequest request;
	CsSpecRequest login;  /* valid with needs_login */
	int			  npairs; /* provider options that are no secret */
	CsSpecText	  names[CS_SPEC_MAX_PAIRS];
	CsSpecText	  values[CS_SPEC_MAX_PAIRS];
} CsSpec;

#define cs_spec_text(spec, offset) \
	((offset) == 0 ? NULL : (const char *) (spec) + (offset))

/*
 * Builds the block: start with a CsSpec that lies at the head of `block`,
 * append texts, finish.  Memory of the block is CsBuf's; the head moves when
 * it grows, so address it through cs_spec_head only.
 */
#define cs_spec_head(block) ((CsSpec *) (block)->data)

extern void		  cs_spec_begin(CsBuf *block);
extern CsSpecText cs_spec_put(CsBuf *block, const char *text);
extern CsSpecRequest
cs_spec_put_request(CsBuf *block, const CsRequest *request);
extern void
cs_spec_put_pair(CsBuf *block, const char *name, const char *value);

/* The account as read_login sees it; `pairs` has CS_SPEC_MAX_PAIRS places. */
extern CsAccount cs_spec_account(const CsSpec *spec, CsPair *pairs);

/* Wipes and frees a specification that no slot owns. */
extern void cs_spec_discard(dsa_pointer spec);

#endif /* CS_SPEC_H */
