/*-------------------------------------------------------------------------
 * ca_file.h
 *	  Certificates to trust, in a file of the database server.
 *------------------------------------------------------------------------- */
#ifndef CS_CA_FILE_H
#define CS_CA_FILE_H

#include "postgres.h"

#include "datatype/timestamp.h"

/*
 * Why no server could be trusted with this file at that time: a sentence that
 * does not name it.  NULL: nothing speaks against it, and *until is when the
 * last of its certificates ends.
 */
extern const char *
cs_ca_file_fault(const char *path, TimestampTz now, TimestampTz *until);

#endif /* CS_CA_FILE_H */
