/*-------------------------------------------------------------------------
 * handle.c
 *	  libcurl's easy handles: made once, set up for a call, used again.
 *
 * Memory is libcurl's and malloc's.  What holds a secret, the headers, is
 * wiped before it is freed.
 *------------------------------------------------------------------------- */
#include "http/handle.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/core.h"
#include "base/text.h"
#include "http/host.h"

/* An idle connection older than this is not used again: many servers close
 * after 60 seconds, and a request that meets the close is lost. */
#define MAX_IDLE_SECONDS 50L

/* libcurl's own limit to connect only backs ours up. */
#define BACKUP_SLACK_MS (60 * 1000)

/* Handles kept for reuse. */
#define MAX_SPARE_HANDLES 128

static CsHandleCallbacks callbacks;
static CURL				*spare[MAX_SPARE_HANDLES];
static int				 nspare;
static char				*usual_ca_file; /* libcurl's defaults, or NULL */
static char				*usual_ca_path;

/* Options that are the same for every call. */
static CURL *
new_handle(void)
{
	CURL	*easy = curl_easy_init();
	CURLcode rc = CURLE_OK;

	if (easy == NULL)
		return NULL;
	rc |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	rc |= curl_easy_setopt(easy, CURLOPT_SSLVERSION,
						   (long) CURL_SSLVERSION_TLSv1_2);
	rc |= curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	rc |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, MAX_IDLE_SECONDS);
	rc |= curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN,
						   (long) CS_HOST_STAYS_SECONDS);
	rc |= curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	rc |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callbacks.body);
	rc |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callbacks.sending);
	rc |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, callbacks.open);
	rc |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, callbacks.close);
	rc |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "credscore/1.0");
	if (rc != CURLE_OK)
	{
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

static bool
add_header(CsHandle *handle, const char *line)
{
	struct curl_slist *longer = curl_slist_append(handle->headers, line);

	if (longer != NULL)
		handle->headers = longer;
	return longer != NULL;
}

static bool
add_headers(CsHandle *handle, const CsHttpSpec *spec)
{
	char *lines;
	char *save = NULL;
	bool  ok = true;

	/* No "Expect: 100-continue": it costs a second with servers that do not
	 * know it.  All else is the request's own to say. */
	ok = add_header(handle, "Expect:");
	if (ok && spec->token != NULL)
	{
		size_t size = strlen(spec->token) + sizeof("Authorization: Bearer ");
		char  *line = malloc(size);

		if (line == NULL)
			return false;
		snprintf(line, size, "Authorization: Bearer %s", spec->token);
		ok = add_header(handle, line);
		cs_core_wipe(line, size);
		free(line);
	}
	if (!ok || spec->headers == NULL)
		return ok;
	lines = strdup(spec->headers);
	if (lines == NULL)
		return false;
	for (char *line = strtok_r(lines, "\n", &save); ok && line != NULL;
		 line = strtok_r(NULL, "\n", &save))
		ok = add_header(handle, line);
	cs_core_wipe(lines, strlen(spec->headers));
	free(lines);
	return ok;
}

static bool
set_body(CsHandle *handle, const CsHttpSpec *spec)
{
	CURLcode rc = CURLE_OK;

	switch (spec->method)
	{
		case CS_GET:
			rc |= curl_easy_setopt(handle->easy, CURLOPT_HTTPGET, 1L);
			rc |= curl_easy_setopt(handle->easy, CURLOPT_CUSTOMREQUEST, NULL);
			return rc == CURLE_OK;
		case CS_POST:
		case CS_PATCH:
			rc |= curl_easy_setopt(handle->easy, CURLOPT_POST, 1L);
			rc |= curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDS,
								   spec->body ? spec->body : "");
			rc |= curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDSIZE_LARGE,
								   (curl_off_t) spec->body_len);
			rc |= curl_easy_setopt(handle->easy, CURLOPT_CUSTOMREQUEST,
								   spec->method == CS_PATCH ? "PATCH" : NULL);
			return rc == CURLE_OK;
	}
	return false;
}

/* The authorities of a call are those of its server, or libcurl's own. */
static const char *
ca_file(const CsHandle *handle)
{
	return handle->ca_file ? handle->ca_file : usual_ca_file;
}

static const char *
ca_path(const CsHandle *handle)
{
	return handle->ca_file ? NULL : usual_ca_path;
}

static CURLcode
set_pem(CURL *easy, CURLoption option, const char *pem)
{
	struct curl_blob blob = {(void *) pem, pem != NULL ? strlen(pem) : 0,
							 CURL_BLOB_NOCOPY};

	return curl_easy_setopt(easy, option, pem != NULL ? &blob : NULL);
}

/*
 * The client certificate as bytes, by which libcurl tells apart whose
 * connections are whose, and not by the name of a file that may have changed.
 * Without a passphrase of ours OpenSSL would ask the terminal for one.
 */
static CURLcode
set_certificate(CURL *easy, const CsHttpSpec *spec)
{
	CURLcode rc = CURLE_OK;

	rc |= set_pem(easy, CURLOPT_SSLCERT_BLOB, spec->client_cert);
	rc |= set_pem(easy, CURLOPT_SSLKEY_BLOB, spec->client_key);
	rc |= curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
	return rc;
}

static bool
set_options(CsHandle *handle, const CsHttpSpec *spec, void *call)
{
	CURLcode rc = CURLE_OK;
	CURL	*easy = handle->easy;

	rc |= curl_easy_setopt(easy, CURLOPT_URL, spec->url);

	/*
	 * Only a TLS handshake tells early whether the server speaks HTTP/2. With
	 * plain HTTP the first call's reply would, and PIPEWAIT would keep all
	 * others back until then.
	 */
	rc |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
						   strncasecmp(spec->url, "https:", 6) == 0
							   ? (long) CURL_HTTP_VERSION_2TLS
							   : (long) CURL_HTTP_VERSION_1_1);
	rc |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, handle->headers);
	rc |= curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	rc |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	rc |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	rc |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	rc |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, handle->errors);
	rc |=
		curl_easy_setopt(easy, CURLOPT_PROXY, spec->proxy ? spec->proxy : "");
	rc |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
						   (long) spec->connect_timeout_ms + BACKUP_SLACK_MS);
	rc |= curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file(handle));
	rc |= curl_easy_setopt(easy, CURLOPT_CAPATH, ca_path(handle));
	rc |= set_certificate(easy, spec);
	return rc == CURLE_OK && set_body(handle, spec);
}

static void
put_handle(CURL *easy, bool worn)
{
	if (worn || nspare == MAX_SPARE_HANDLES)
	{
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, NULL);
	curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, NULL);
	curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, NULL);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 0L);
	spare[nspare++] = easy;
}

bool
cs_handle_open(CsHandle *handle, const CsHttpSpec *spec, void *call)
{
	handle->easy = nspare > 0 ? spare[--nspare] : new_handle();
	handle->ca_file = spec->ca_file;
	return handle->easy != NULL && add_headers(handle, spec) &&
		   set_options(handle, spec, call);
}

bool
cs_handle_look_up(CsHandle *handle, const char *entry)
{
	curl_slist_free_all(handle->forget);
	handle->forget = curl_slist_append(NULL, entry);
	return handle->forget != NULL &&
		   curl_easy_setopt(handle->easy, CURLOPT_RESOLVE, handle->forget) ==
			   CURLE_OK;
}

/* An absolute path otherwise; any other as it is. */
static const char *
respell(const char *path, char *out, size_t size)
{
	if (path == NULL || path[0] != '/')
		return path;
	return snprintf(out, size, "/.%s", path) < (int) size ? out : path;
}

/*
 * libcurl lets a call have a connection only if that was opened with the same
 * authorities, as they are spelled.
 */
bool
cs_handle_keep_apart(CsHandle *handle)
{
	char	 path[PATH_MAX];
	CURLcode rc = CURLE_OK;

	rc |= curl_easy_setopt(handle->easy, CURLOPT_CAINFO,
						   respell(ca_file(handle), path, sizeof(path)));
	rc |= curl_easy_setopt(handle->easy, CURLOPT_CAPATH,
						   respell(ca_path(handle), path, sizeof(path)));
	return rc == CURLE_OK;
}

void
cs_handle_connect_anew(CsHandle *handle)
{
	curl_easy_setopt(handle->easy, CURLOPT_FRESH_CONNECT, 1L);
}

void
cs_handle_close(CsHandle *handle)
{
	if (handle->easy != NULL)
		put_handle(handle->easy, handle->worn);
	for (struct curl_slist *h = handle->headers; h != NULL; h = h->next)
		cs_core_wipe(h->data, strlen(h->data));
	curl_slist_free_all(handle->headers);
	curl_slist_free_all(handle->forget);
	handle->easy = NULL;
	handle->headers = NULL;
	handle->forget = NULL;
}

/*
 * In the words of OpenSSL, which libcurl passes on: "tlsv13 alert certificate
 * required", "sslv3 alert bad certificate", ...
 */
bool
cs_handle_untrusted(const CsHandle *handle, CURLcode rc)
{
	static const char *const alerts[] = {
		" alert certificate ", " alert bad certificate",
		" alert unsupported certificate", " alert unknown ca"};

	if (rc != CURLE_RECV_ERROR && rc != CURLE_SEND_ERROR &&
		rc != CURLE_SSL_CONNECT_ERROR && rc != CURLE_SSL_CLIENTCERT)
		return false;
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (strstr(handle->errors, alerts[i]) != NULL)
			return true;
	return false;
}

static bool
is_certificate_error(CURLcode rc)
{
	return rc == CURLE_PEER_FAILED_VERIFICATION ||
		   rc == CURLE_SSL_CACERT_BADFILE || rc == CURLE_SSL_ISSUER_ERROR ||
		   rc == CURLE_SSL_INVALIDCERTSTATUS;
}

void
cs_handle_describe(const CsHandle *handle, CURLcode rc, char *out,
				   size_t outlen)
{
	const char *text =
		handle->errors[0] ? handle->errors : curl_easy_strerror(rc);
	size_t len;

	snprintf(out, outlen, "%s", text);
	cs_text_redact_tls(out);
	len = strlen(out);
	if (len > 0 && out[len - 1] != '.')
		snprintf(out + len, outlen - len, ".");
	if (is_certificate_error(rc))
	{
		len = strlen(out);
		snprintf(out + len, outlen - len, " The CA file tried is \"%s\".",
				 ca_file(handle) ? ca_file(handle) : "none");
	}
}

static void
measure(const CsHandle *handle, CsHttpCost *cost)
{
	curl_off_t duration = 0;
	curl_off_t body_in = 0;
	curl_off_t body_out = 0;
	long	   head_in = 0;
	long	   head_out = 0;
	long	   connections = 0;

	curl_easy_getinfo(handle->easy, CURLINFO_TOTAL_TIME_T, &duration);
	curl_easy_getinfo(handle->easy, CURLINFO_SIZE_DOWNLOAD_T, &body_in);
	curl_easy_getinfo(handle->easy, CURLINFO_SIZE_UPLOAD_T, &body_out);
	curl_easy_getinfo(handle->easy, CURLINFO_HEADER_SIZE, &head_in);
	curl_easy_getinfo(handle->easy, CURLINFO_REQUEST_SIZE, &head_out);
	curl_easy_getinfo(handle->easy, CURLINFO_NUM_CONNECTS, &connections);
	cost->duration_us = duration;
	cost->bytes_in = head_in + body_in;

	/* A short body goes out with the head and is in its size already. */
	cost->bytes_out = head_out > body_out ? head_out : head_out + body_out;
	cost->connections = (int) connections;
}

void
cs_handle_read(const CsHandle *handle, CsHttpResult *result)
{
	long	   status = 0;
	curl_off_t retry_after = 0;

	curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(handle->easy, CURLINFO_RETRY_AFTER, &retry_after);
	retry_after = CS_MAX(retry_after, 0);
	result->status = (int) status;
	result->retry_after_ms =
		(int) CS_MIN(retry_after, INT32_MAX / 1000) * 1000;
	measure(handle, &result->cost);
}

bool
cs_handle_init(const CsHandleCallbacks *c)
{
	CURL *easy = curl_easy_init();
	char *text = NULL;

	callbacks = *c;
	if (easy == NULL)
		return false;
	if (curl_easy_getinfo(easy, CURLINFO_CAINFO, &text) == CURLE_OK && text)
		usual_ca_file = strdup(text);
	text = NULL;
	if (curl_easy_getinfo(easy, CURLINFO_CAPATH, &text) == CURLE_OK && text)
		usual_ca_path = strdup(text);
	curl_easy_cleanup(easy);
	return true;
}
