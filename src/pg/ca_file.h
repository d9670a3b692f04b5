/*-------------------------------------------------------------------------
 * ca_file.h
 *	  Certificates to trust, in a file of the database server.
 *------------------------------------------------------------------------- */
#ifndef CS_CA_FILE_H
#define CS_CA_FILE_H

/*
 * Why no server could be trusted with this file: a sentence that does not name
 * it.  NULL: nothing speaks against it.  Does not raise.
 */
extern const char *cs_ca_file_fault(const char *path);

#endif /* CS_CA_FILE_H */
