/*-------------------------------------------------------------------------
 * option_list.h
 *	  Options as PostgreSQL keeps them: a list of names and values.
 *------------------------------------------------------------------------- */
#ifndef CS_OPTION_LIST_H
#define CS_OPTION_LIST_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* The wrapper's name; only a superuser can make one of that name. */
#define CS_WRAPPER_NAME "credscore"

/* A secret option is also offered as <name>_file. */
#define CS_FILE_SUFFIX "_file"

/* A client certificate and its key; a mapping has both or neither. */
#define CS_CERT_FILE "client_cert_file"
#define CS_KEY_FILE	 "client_key_file"

/* The value of an option in a list of DefElem; NULL: not set. */
extern const char *cs_option_list_get(List *options, const char *name);

#endif /* CS_OPTION_LIST_H */
