/*-------------------------------------------------------------------------
 * certificate.c
 *	  Client certificates: who shows one, and whether one is demanded.
 *
 * As many a proxy does, TLS goes on without a certificate, and HTTP refuses.
 *------------------------------------------------------------------------- */
#include "core/certificate.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

static bool demanded;

void
sb_certificate_demand(void)
{
	demanded = true;
}

/* NULL: the connection is none of TLS. */
static gnutls_session_t
session_of(const SbRequest *request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info != NULL ? info->tls_session : NULL;
}

/* The common name of the first certificate that the peer sent. */
static void
read_name(gnutls_session_t session, char *name, size_t size)
{
	unsigned int		  n = 0;
	const gnutls_datum_t *sent = gnutls_certificate_get_peers(session, &n);
	gnutls_x509_crt_t	  certificate;

	if (sent == NULL || n == 0 ||
		gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS)
		return;
	if (gnutls_x509_crt_import(certificate, &sent[0], GNUTLS_X509_FMT_DER) !=
			GNUTLS_E_SUCCESS ||
		gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME,
									  0, 0, name, &size) != GNUTLS_E_SUCCESS)
		name[0] = '\0';
	gnutls_x509_crt_deinit(certificate);
}

void
sb_certificate_read(SbRequest *request)
{
	SbClient		*client = request->client;
	gnutls_session_t session = demanded ? session_of(request) : NULL;
	unsigned int	 faults = 0;

	if (session == NULL || client->certificate_read)
		return;
	client->certificate_read = true;
	read_name(session, client->certificate, sizeof(client->certificate));
	client->certified =
		client->certificate[0] != '\0' &&
		gnutls_certificate_verify_peers2(session, &faults) == 0 && faults == 0;
}

bool
sb_certificate_suffices(const SbRequest *request)
{
	return !request->client->certificate_read || request->client->certified;
}
