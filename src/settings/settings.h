/*-------------------------------------------------------------------------
 * settings.h
 *	  Foreign servers and user mappings as settings of a question.
 *------------------------------------------------------------------------- */
#ifndef CS_SETTINGS_H
#define CS_SETTINGS_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "provider/registry.h"
#include "shared/account.h"

/*
 * What server and user mapping say, for one role.  Kept in this process;
 * stays valid until the end of the transaction even when the catalogs change
 * meanwhile, and longer while somebody holds it.
 */
typedef struct CsSettings
{
	Oid				  serverid;
	const CsProvider *provider;
	const char		 *server_name;
	const char		 *timezone;	   /* whose midnight ends a day */
	const char		 *ca_file;	   /* NULL: the system's */
	const char		 *proxy;	   /* NULL: none */
	const char		 *client_cert; /* PEM; NULL: none, and no key */
	const char		 *client_key;  /* secret */
	CsLimits		  limits;
	int				  mapping_budget; /* of the mapping; 0: none */
	Oid				  holder;		  /* whose mapping; InvalidOid: PUBLIC's */
	CsAccount		  account;		  /* with credentials */
	uint64			  serial;		  /* when the catalogs said so */
	bool			  needs_login;
	CsKey			  server_key;  /* whose limits hold */
	CsKey			  account_key; /* whose tokens and answers */
	CsKey			  proof_key;   /* likewise, by the certificate itself: what
									* the provider accepts or refuses */
} CsSettings;

/*
 * The settings of a server for the current role.  Checks USAGE on the server
 * and finds the mapping that holds for the role (mapping.h).  Errors: 42704,
 * 42710 (there are several), 42501, 42809
 * (not a credscore server), HV002 (an option or credential is missing), HV024
 * (one cannot be right), and those of reading a secret's file.
 *
 * *reader: the role is a member of credscore_reader and not of
 * credscore_caller.  It gets the settings of the role that the server's option
 * reader_mapping names, or of PUBLIC, and must not ask.
 */
extern const CsSettings *
cs_settings_get(const char *server_name, bool *reader);

/*
 * Holds settings over the end of a transaction, and lets go of them.  Letting
 * go does not raise; the last one to do so takes the secret out of shared
 * memory, too, unless another session still asks with it.
 */
extern void cs_settings_hold(const CsSettings *settings);
extern void cs_settings_release(const CsSettings *settings);

/*
 * The account of settings that are held, in shared memory.  The reference is
 * the settings'.  Raises as cs_share_account does.
 */
extern CsAccountId cs_settings_account(const CsSettings *settings);

/* The command that changes the user mapping they come from. */
extern const char *cs_settings_mapping(const CsSettings *settings);

/*
 * What a question of whoever has a mapping would find, from the beginning:
 * raises what that would raise.  Nothing is kept.  The keys, of the server and
 * of what the provider accepts or refuses, are zero without shared memory.
 */
extern void
cs_settings_try(Oid serverid, Oid mapping, CsKey *server, CsKey *account);

/* May the role only read what was bought? */
extern bool cs_settings_is_reader(Oid role);

/* Does a server want to be told what for?  One that is gone does not. */
extern bool cs_settings_wants_purpose(const char *server_name);

/* Where requests go, without a slash at the end. */
extern const char *
cs_settings_base_url(const CsProvider *provider, List *server_options);

/* The key under which the answers of a server are kept. */
extern void cs_settings_server_key(const char *server_name, CsKey *key);

/* The secrets among them; `pairs` has CS_ACCOUNT_MAX_PAIRS places. */
extern int cs_settings_secrets(const CsSettings *settings, CsPair *pairs);

#endif /* CS_SETTINGS_H */
