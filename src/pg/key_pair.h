/*-------------------------------------------------------------------------
 * key_pair.h
 *	  Do a client certificate and a private key belong together?
 *------------------------------------------------------------------------- */
#ifndef CS_KEY_PAIR_H
#define CS_KEY_PAIR_H

/*
 * Takes both in PEM.  Raises HV024, with a hint, when the key is another
 * certificate's, as far as that can be seen; all else the TLS library will find.
 */
extern void
cs_key_pair_check(const char *certificate, const char *key, const char *hint);

#endif /* CS_KEY_PAIR_H */
