/*-------------------------------------------------------------------------
 * address.h
 *	  Where requests may go: base URLs and proxies.
 *------------------------------------------------------------------------- */
#ifndef CS_ADDRESS_H
#define CS_ADDRESS_H

#include "postgres.h"

/*
 * Is it a base URL: https, or http to a loopback address; host and port only,
 * then a path?  User names, queries and fragments have no place in one, and
 * refusing them keeps every parser of one opinion about the host.
 */
extern bool cs_address_is_base(const char *url);

/*
 * Is it a proxy: scheme, host and port?  The options of a server are for
 * everyone to read, so there is no place for a user name and password.
 */
extern bool cs_address_is_proxy(const char *value);

#endif /* CS_ADDRESS_H */
