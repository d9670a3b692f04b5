/*-------------------------------------------------------------------------
 * host.c
 *	  The hosts that calls go to, and when their addresses were looked up.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "http/host.h"

#include <arpa/inet.h>
#include <curl/curl.h>

dlist_head cs_hosts = DLIST_STATIC_INIT(cs_hosts);

CsHost *
cs_host_of(const CsHttpSpec *spec)
{
	CURLU		 *url = curl_url();
	char		 *name = NULL;
	char		 *port = NULL;
	CsHost		 *host = NULL;
	unsigned char address[sizeof(struct in6_addr)];

	if (url != NULL &&
		curl_url_set(url, CURLUPART_URL, spec->proxy ? spec->proxy : spec->url,
					 CURLU_DEFAULT_SCHEME | CURLU_NON_SUPPORT_SCHEME) ==
			CURLUE_OK &&
		curl_url_get(url, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
		curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
			CURLUE_OK &&
		name[0] != '[' && pg_strcasecmp(name, "localhost") != 0 &&
		inet_pton(AF_INET, name, address) != 1)
	{
		char	   entry[CS_HOST_NAME_SIZE + 8];
		dlist_iter iter;

		snprintf(entry, sizeof(entry), "-%s:%s", name, port);
		dlist_foreach(iter, &cs_hosts)
		{
			host = dlist_container(CsHost, node, iter.cur);
			if (strcmp(host->name, entry) == 0)
				break;
			host = NULL;
		}
		if (host == NULL && (host = calloc(1, sizeof(CsHost))) != NULL)
		{
			strlcpy(host->name, entry, sizeof(host->name));
			dlist_init(&host->waiting);
			dlist_push_head(&cs_hosts, &host->node);
		}
	}
	curl_free(name);
	curl_free(port);
	curl_url_cleanup(url);
	return host;
}
