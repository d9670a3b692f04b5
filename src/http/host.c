/*-------------------------------------------------------------------------
 * host.c
 *	  The hosts that calls go to: whose address is known, and who looks it up.
 *
 * Belongs to the process that makes calls.  Hosts are malloc'd and stay: there
 * are as many as servers have.  A CsLookup is its call's.
 *
 * libcurl keeps addresses for ever, and forgets one when told to.  So what is
 * known here is what libcurl has: whoever leads makes it forget, and counts as
 * having found only when libcurl opens a socket for it, which is right after
 * the look-up.  A leader that gets a connection that was there looks nothing
 * up; the next one leads.
 *------------------------------------------------------------------------- */
#include "http/host.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Addresses are used for a minute, as libcurl does by default. */
#define KNOWN_US (60 * CS_US_PER_S)

#define NAME_SIZE 256

/* A port, and what stands around it. */
#define ENTRY_SIZE (NAME_SIZE + sizeof("-:65535"))

typedef struct CsHost
{
	CsListNode node;			  /* in hosts */
	char	   entry[ENTRY_SIZE]; /* "-host:port" */
	CsInstant  since;			  /* it was needed first */
	CsInstant  known_until;		  /* 0: not known */
	CsLookup  *leader;			  /* who looks it up; NULL: nobody */
	CsList	   waiting;
} CsHost;

/*
 * The latest URL that was taken apart, up to the end of its host, and what came
 * out: most calls go where the one before went.
 */
typedef struct Latest
{
	char	origin[NAME_SIZE];
	size_t	len; /* 0: there is none */
	CsHost *host;
} Latest;

static CsList hosts = CS_LIST_INIT(hosts);
static Latest latest;
static bool	  stirs; /* somebody who waits may have a new role */

static CsHost *
find(const char *entry)
{
	cs_list_foreach(node, &hosts)
	{
		CsHost *host = cs_list_of(CsHost, node, node);

		if (strcasecmp(host->entry, entry) == 0)
			return host;
	}
	return NULL;
}

static CsHost *
make(const char *entry, CsInstant now)
{
	CsHost *host = calloc(1, sizeof(CsHost));

	if (host == NULL)
		return NULL;
	snprintf(host->entry, sizeof(host->entry), "%s", entry);
	host->since = now;
	cs_list_init(&host->waiting);
	cs_list_push_head(&hosts, &host->node);
	return host;
}

static bool
needs_lookup(const char *name)
{
	unsigned char address[sizeof(struct in_addr)];

	return name[0] != '[' && strlen(name) < NAME_SIZE &&
		   strcasecmp(name, "localhost") != 0 &&
		   inet_pton(AF_INET, name, address) != 1;
}

/* Length of a URL up to the end of its host; 0: that is not plain to see. */
static size_t
origin_length(const char *text)
{
	const char *host = strstr(text, "://");

	if (host == NULL)
		return 0;
	host += strlen("://");
	return (size_t) (host - text) + strcspn(host, "/?#");
}

/* Before an @ may be a password of a proxy, which is not kept here. */
static void
remember(const char *text, size_t len, CsHost *host)
{
	latest.len = 0;
	if (len > sizeof(latest.origin) || memchr(text, '@', len) != NULL)
		return;
	memcpy(latest.origin, text, len);
	latest.len = len;
	latest.host = host;
}

/* Takes a URL apart; its host as host_of has it. */
static bool
read_host(const char *text, CsInstant now, CsHost **host)
{
	CURLU	 *url = curl_url();
	char	 *name = NULL;
	char	 *port = NULL;
	char	  entry[ENTRY_SIZE];
	CURLUcode rc = CURLUE_OUT_OF_MEMORY;

	*host = NULL;
	if (url != NULL)
		rc = curl_url_set(url, CURLUPART_URL, text,
						  CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME);
	if (rc == CURLUE_OK)
		rc = curl_url_get(url, CURLUPART_HOST, &name, 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
	if (rc == CURLUE_OK && needs_lookup(name))
	{
		snprintf(entry, sizeof(entry), "-%s:%s", name, port);
		*host = find(entry);
		if (*host == NULL && (*host = make(entry, now)) == NULL)
			rc = CURLUE_OUT_OF_MEMORY;
	}
	curl_free(name);
	curl_free(port);
	curl_url_cleanup(url);
	if (rc == CURLUE_OK)
		remember(text, origin_length(text), *host);

	/* What is no URL is libcurl's to refuse. */
	return rc != CURLUE_OUT_OF_MEMORY;
}

/* The host of a URL, into *host; NULL when it needs no look-up. */
static bool
host_of(const char *text, CsInstant now, CsHost **host)
{
	size_t len = origin_length(text);

	if (len == 0 || len != latest.len || memcmp(text, latest.origin, len) != 0)
		return read_host(text, now, host);
	*host = latest.host;
	return true;
}

/* The role of one that is not in the host's list. */
static CsHostRole
give_role(CsLookup *lookup, CsInstant now)
{
	CsHost *host = lookup->host;

	if (now < host->known_until)
		return CS_HOST_GOES;
	if (host->leader != NULL)
		return CS_HOST_WAITS;
	host->leader = lookup;
	return CS_HOST_LEADS;
}

bool
cs_host_enter(CsLookup *lookup, const CsHttpSpec *spec, CsInstant now)
{
	if (!host_of(spec->proxy ? spec->proxy : spec->url, now, &lookup->host))
		return false;
	if (lookup->host == NULL)
		return true;
	lookup->role = give_role(lookup, now);
	if (lookup->role == CS_HOST_WAITS)
		cs_list_push_tail(&lookup->host->waiting, &lookup->node);
	return true;
}

const char *
cs_host_entry(const CsLookup *lookup)
{
	return lookup->host->entry;
}

bool
cs_host_turn(const CsLookup *lookup, CsInstant now)
{
	if (lookup->host == NULL)
		return false;
	return (now - lookup->host->since) /
			   (CS_HOST_STAYS_SECONDS * CS_US_PER_S) % 2 !=
		   0;
}

void
cs_host_found(CsLookup *lookup, CsInstant now)
{
	if (lookup->role != CS_HOST_LEADS)
		return;
	lookup->host->known_until = now + KNOWN_US;
	cs_host_leave(lookup);
}

void
cs_host_leave(CsLookup *lookup)
{
	if (lookup->role == CS_HOST_WAITS)
		cs_list_delete(&lookup->node);
	else if (lookup->role == CS_HOST_LEADS)
	{
		lookup->host->leader = NULL;
		stirs = true;
	}
	lookup->role = CS_HOST_GOES;
}

void
cs_host_doubt(const CsLookup *lookup)
{
	if (lookup->host != NULL)
		lookup->host->known_until = 0;
}

/* The first who waits, out of the list; NULL: nobody does. */
static CsLookup *
take_waiting(CsHost *host)
{
	CsListNode *node = cs_list_first(&host->waiting);
	CsLookup   *lookup;

	if (node == NULL)
		return NULL;
	lookup = cs_list_of(CsLookup, node, node);
	cs_host_leave(lookup);
	return lookup;
}

CsLookup *
cs_host_dismiss(const CsLookup *lookup)
{
	return lookup->host != NULL ? take_waiting(lookup->host) : NULL;
}

bool
cs_host_stirs(void)
{
	return stirs;
}

CsLookup *
cs_host_next(CsInstant now)
{
	cs_list_foreach(node, &hosts)
	{
		CsHost	 *host = cs_list_of(CsHost, node, node);
		CsLookup *lookup;

		if (now >= host->known_until && host->leader != NULL)
			continue;
		lookup = take_waiting(host);
		if (lookup == NULL)
			continue;
		lookup->role = give_role(lookup, now);
		return lookup;
	}
	stirs = false;
	return NULL;
}

bool
cs_host_any(void)
{
	return !cs_list_is_empty(&hosts);
}
