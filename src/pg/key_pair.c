/*-------------------------------------------------------------------------
 * key_pair.c
 *	  Do a client certificate and a private key belong together?
 *
 * Of several certificates the first one is the client's.  What is decoded of the
 * key is wiped.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "pg/key_pair.h"

#include "base/certificate.h"
#include "base/core.h"
#include "pg/pem.h"

/* Is it seen to be another certificate's? */
static bool
differs(const char *certificate, const char *key)
{
	CsPem cert_der;
	CsPem key_der;
	bool  differ = false;

	if (cs_pem_next(&certificate, "CERTIFICATE-----", &cert_der))
	{
		if (cs_pem_next(&key, "PRIVATE KEY-----", &key_der))
		{
			differ =
				cs_certificate_match(cert_der.der, cert_der.len, key_der.der,
									 key_der.len) == CS_MATCH_NOT;
			cs_core_wipe(key_der.der, key_der.len);
			pfree(key_der.der);
		}
		pfree(cert_der.der);
	}
	return differ;
}

void
cs_key_pair_check(const char *certificate, const char *key, const char *hint)
{
	if (differs(certificate, key))
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg(
				 "client certificate and private key do not belong together"),
			 errdetail("The private key is another certificate's."),
			 errhint("%s", hint)));
}
