/*-------------------------------------------------------------------------
 * settings.c
 *	  Foreign servers and user mappings as settings of a question.
 *
 * cs_settings_get turns a server and a mapping into a CsSettings, which is
 * kept per (server, role) in this process until a catalog change (of who
 * inherits from whom, too), or a changed secret file, makes it stale.  Stale ones live on to the end of the
 * transaction, since a running question may point to them.
 *------------------------------------------------------------------------- */
#include "postgres.h"

#include "settings/settings.h"

#include <sys/stat.h>

#include "access/xact.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "pg/compat.h"
#include "pg/error.h"
#include "pg/key_pair.h"
#include "pg/secret_file.h"
#include "pg/shmem.h"
#include "settings/identity.h"
#include "settings/mapping.h"
#include "settings/option_list.h"
#include "settings/options.h"
#include "settings/share.h"

/* One kept CsSettings; `key` must be first. */
typedef struct SettingsKey
{
	Oid serverid;
	Oid userid;
} SettingsKey;

#define MAX_SECRET_FILES 4

typedef struct KeptSettings
{
	CsSettings			 settings;
	MemoryContext		 cxt;		/* holds all of it */
	const char			*mapping;	/* the command that changes the mapping */
	const char			*cert_file; /* NULL: there is no client certificate */
	bool				 shown;		/* whoever asks may see the mapping */
	bool				 stale;
	int					 users;	  /* who holds it */
	CsAccountId			 account; /* in shared memory, while held */
	TimestampTz			 files_checked_at;
	int					 nfiles;
	CsSecretFile		 files[MAX_SECRET_FILES];
	struct KeptSettings *next_retired;
} KeptSettings;

typedef struct SettingsEntry
{
	SettingsKey	  key;
	KeptSettings *kept;
} SettingsEntry;

static HTAB			*settings_table;
static KeptSettings *retired; /* freed at the end of a transaction */

static const char *
read_file(KeptSettings *kept, CsSecretKind kind, const char *name,
		  const char *path)
{
	const CsSecretOption option = {
		kind, name, path, kept->shown,
		psprintf("Mend the file, or name another with %s.", kept->mapping)};

	if (kept->nfiles == MAX_SECRET_FILES)
		elog(ERROR, "too many secret files");
	return cs_secret_file_read(&kept->files[kept->nfiles++], &option);
}

/* The value of a credential: as given, or the content of its file. */
static const char *
read_credential(KeptSettings *kept, List *options, const CsOption *option)
{
	const char *value = cs_option_list_get(options, option->name);
	const char *path = cs_option_list_get(
		options, psprintf("%s" CS_FILE_SUFFIX, option->name));

	if (value != NULL || path == NULL || !option->secret)
		return value;
	return read_file(kept, CS_SECRET_LINE, option->name, path);
}

/* The client certificate, with its key. */
static void
read_certificate(KeptSettings *kept, List *options)
{
	CsSettings *s = &kept->settings;
	const char *cert = cs_option_list_get(options, CS_CERT_FILE);
	const char *key = cs_option_list_get(options, CS_KEY_FILE);

	if (cert == NULL || key == NULL)
		return;
	s->client_cert =
		read_file(kept, CS_SECRET_CERTIFICATE, "client_cert", cert);
	s->client_key = read_file(kept, CS_SECRET_KEY, "client_key", key);
	kept->cert_file = pstrdup(cert);
	cs_key_pair_check(s->client_cert, s->client_key,
					  psprintf("Correct " CS_CERT_FILE " and " CS_KEY_FILE
							   " with %s, or in these files.",
							   kept->mapping));
}

/* A copy as providers want it; the catalogs' lists go. */
static const char *
in_utf8(const char *value)
{
	const char *converted = pg_server_to_any(value, strlen(value), PG_UTF8);

	return converted != value ? converted : pstrdup(value);
}

const char *
cs_settings_base_url(const CsProvider *provider, List *server_options)
{
	const char *base_url = cs_option_list_get(server_options, "base_url");
	char *base = pstrdup(base_url ? base_url : provider->default_base_url);

	for (size_t len = strlen(base); len > 0 && base[len - 1] == '/'; len--)
		base[len - 1] = '\0';
	return base;
}

static void
fill_account(KeptSettings *kept, List *server_options, List *mapping_options)
{
	CsSettings *s = &kept->settings;
	CsPair	   *pairs = palloc0(sizeof(CsPair) * CS_ACCOUNT_MAX_PAIRS);
	int			n = 0;
	for (const CsOption *o = s->provider->options; o->name != NULL; o++)
	{
		const char *value = o->place == CS_ON_SERVER
								? cs_option_list_get(server_options, o->name)
								: read_credential(kept, mapping_options, o);

		if (value == NULL)
			value = o->default_value;
		if (value == NULL)
			continue;
		if (n == CS_ACCOUNT_MAX_PAIRS)
			elog(ERROR, "too many options");
		pairs[n].name = o->name;
		pairs[n].value = in_utf8(value);
		n++;
	}
	s->account.base_url = cs_settings_base_url(s->provider, server_options);
	s->account.pairs = pairs;
	s->account.npairs = n;
}

/*
 * Renewed in the same file, a certificate is the same for what was bought, and
 * not for what the provider said of it.
 */
static void
make_keys(KeptSettings *kept)
{
	CsSettings *s = &kept->settings;

	cs_identity_server(s, &s->server_key);
	cs_identity_account(s, kept->cert_file, &s->account_key);
	cs_identity_account(s, s->client_cert, &s->proof_key);
}

/* Refuses an account, naming the server, and what has to be changed. */
static void
refuse_account(const KeptSettings *kept, CsError *err)
{
	const char *server = kept->settings.server_name;
	size_t		len = strlen(err->detail);

	snprintf(err->detail + len, sizeof(err->detail) - len,
			 "%sThe server is \"%s\".", len > 0 ? " " : "", server);
	cs_error_raise_early(
		err,
		err->code == CS_ERR_SERVER_LACKS
			? psprintf("Give it with ALTER SERVER %s.",
					   quote_identifier(server))
		: err->code == CS_ERR_MAPPING_LACKS
			? psprintf("Give it with %s.", kept->mapping)
			: psprintf("Correct it with %s, or in its file.", kept->mapping));
}

/*
 * The courier opens the file within libcurl, where all would wait for the other
 * end of a pipe.  Whether it can be read, and holds certificates, TLS will see.
 */
static const char *
checked_ca_file(const ForeignServer *server)
{
	const char *path = cs_option_list_get(server->options, "ca_file");
	struct stat st;

	if (path != NULL && stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
		!S_ISDIR(st.st_mode))
		ereport(
			ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg("the file of option \"ca_file\" cannot be used"),
			 errdetail("It is not a regular file. The file is \"%s\".", path),
			 errhint("Name another with ALTER SERVER %s.",
					 quote_identifier(server->servername))));
	return path;
}

/* Builds settings in their own context; on error the caller's cleans up. */
static KeptSettings *
build_settings(ForeignServer *server, Oid userid)
{
	MemoryContext cxt = AllocSetContextCreate(
		CurrentMemoryContext, "credscore settings", ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	KeptSettings *kept = palloc0(sizeof(KeptSettings));
	CsSettings	 *s = &kept->settings;
	CsMapping	  mapping = cs_mapping_get(server, userid);
	const char	 *provider = cs_option_list_get(server->options, "provider");
	const char	 *value;
	CsError		  err = {0};

	kept->cxt = cxt;
	kept->account = CS_NO_ACCOUNT;
	s->serial = cs_shmem_ready() ? cs_account_next_serial() : 0;
	s->serverid = server->serverid;
	s->server_name = pstrdup(server->servername);
	kept->mapping = mapping.command;
	kept->shown = mapping.shown;
	s->provider = cs_options_provider(provider ? provider : "");
	value = checked_ca_file(server);
	s->ca_file = value ? pstrdup(value) : NULL;
	value = cs_option_list_get(server->options, "proxy");
	s->proxy = value ? pstrdup(value) : NULL;
	cs_options_limits(&s->limits, server->options);
	s->timezone = cs_options_timezone(server->options);
	s->mapping_budget = cs_options_mapping_budget(mapping.options);
	s->holder = mapping.holder;
	fill_account(kept, server->options, mapping.options);
	read_certificate(kept, mapping.options);
	if (cs_registry_check_account(s->provider, &s->account, &err) != CS_OK)
		refuse_account(kept, &err);
	s->needs_login = s->provider->needs_login != NULL &&
					 s->provider->needs_login(&s->account);
	if (cs_shmem_ready())
		make_keys(kept);
	kept->files_checked_at = GetCurrentStatementStartTimestamp();

	MemoryContextSwitchTo(old);
	MemoryContextSetParent(cxt, CacheMemoryContext);
	return kept;
}

/* Once per statement: has a secret's file changed? */
static bool
files_changed(KeptSettings *kept)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();

	if (kept->nfiles == 0 || kept->files_checked_at == now)
		return false;
	kept->files_checked_at = now;
	for (int i = 0; i < kept->nfiles; i++)
		if (cs_secret_file_changed(&kept->files[i]))
			return true;
	return false;
}

static void
retire(SettingsEntry *entry)
{
	if (entry->kept != NULL)
	{
		entry->kept->next_retired = retired;
		retired = entry->kept;
		entry->kept = NULL;
	}
}

static void
take_from_shared_memory(KeptSettings *kept)
{
	if (kept->account != CS_NO_ACCOUNT)
		cs_account_release(kept->account);
	kept->account = CS_NO_ACCOUNT;
}

static void
wipe(const char *secret)
{
	cs_core_wipe(unconstify(char *, secret), strlen(secret));
}

static void
free_settings(KeptSettings *kept)
{
	take_from_shared_memory(kept);
	for (int i = 0; i < kept->settings.account.npairs; i++)
		wipe(kept->settings.account.pairs[i].value);
	if (kept->settings.client_key != NULL)
		wipe(kept->settings.client_key);
	MemoryContextDelete(kept->cxt);
}

static void
free_retired(XactEvent event, void *arg)
{
	KeptSettings **link = &retired;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	while (*link != NULL)
	{
		KeptSettings *kept = *link;

		if (kept->users > 0)
		{
			link = &kept->next_retired;
			continue;
		}
		*link = kept->next_retired;
		free_settings(kept);
	}
}

/* Syscache callback: servers, mappings, or who inherits them, may have
 * changed. */
static void
mark_all_stale(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS scan;
	SettingsEntry  *entry;

	hash_seq_init(&scan, settings_table);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (entry->kept != NULL)
			entry->kept->stale = true;
}

/* Who held settings over its end gives their accounts back: counts and frees. */
static void
at_exit(int code, Datum arg)
{
	HASH_SEQ_STATUS scan;
	SettingsEntry  *entry;

	hash_seq_init(&scan, settings_table);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (entry->kept != NULL)
			take_from_shared_memory(entry->kept);
	for (KeptSettings *kept = retired; kept != NULL; kept = kept->next_retired)
		take_from_shared_memory(kept);
}

static void
create_settings_table(void)
{
	HASHCTL ctl = {.keysize = sizeof(SettingsKey),
				   .entrysize = sizeof(SettingsEntry)};

	if (!CacheMemoryContext)
		CreateCacheMemoryContext();
	ctl.hcxt = CacheMemoryContext;
	settings_table = hash_create("credscore settings", 16, &ctl,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, mark_all_stale, (Datum) 0);
	cs_mapping_watch(mark_all_stale);
	RegisterXactCallback(free_retired, NULL);
	before_shmem_exit(at_exit, (Datum) 0);
}

static ForeignServer *
get_credscore_server(Oid serverid)
{
	ForeignServer *server = GetForeignServer(serverid);

	if (strcmp(GetForeignDataWrapper(server->fdwid)->fdwname,
			   CS_WRAPPER_NAME) != 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg(
				 "server \"%s\" is not a server of the foreign-data wrapper credscore",
				 server->servername)));
	return server;
}

bool
cs_settings_is_reader(Oid role)
{
	Oid caller = get_role_oid("credscore_caller", true);
	Oid reader = get_role_oid("credscore_reader", true);

	return OidIsValid(reader) && has_privs_of_role(role, reader) &&
		   !(OidIsValid(caller) && has_privs_of_role(role, caller));
}

/* Whose answers readers see: the option's role, or PUBLIC. */
static Oid
reader_mapping_role(Oid serverid)
{
	const char *name = cs_option_list_get(
		get_credscore_server(serverid)->options, "reader_mapping");

	return name ? get_role_oid(name, false) : ACL_ID_PUBLIC;
}

void
cs_settings_server_key(const char *server_name, CsKey *key)
{
	ForeignServer *server =
		get_credscore_server(get_foreign_server_oid(server_name, false));
	CsSettings s = {.provider = cs_options_provider(
						cs_option_list_get(server->options, "provider")),
					.server_name = server->servername};

	s.account.base_url = cs_settings_base_url(s.provider, server->options);
	cs_identity_server(&s, key);
}

bool
cs_settings_wants_purpose(const char *server_name)
{
	Oid		 serverid = get_foreign_server_oid(server_name, true);
	CsLimits limits;

	cs_options_limits(&limits, OidIsValid(serverid)
								   ? get_credscore_server(serverid)->options
								   : NIL);
	return limits.require_purpose;
}

/*
 * Once per statement: what have other sessions changed?  PostgreSQL looks when
 * it locks a table; a statement of a running transaction may lock none.
 */
static void
accept_changes(void)
{
	static TimestampTz accepted_at = 0;
	TimestampTz		   now = GetCurrentStatementStartTimestamp();

	if (accepted_at != now)
		AcceptInvalidationMessages();
	accepted_at = now;
}

/* What the catalogs say; raises when there is no such server, or no privilege. */
static KeptSettings *
look_up(const char *server_name, bool *reader)
{
	SettingsKey	   key;
	SettingsEntry *entry;
	AclResult	   acl;
	bool		   found;

	memset(&key, 0, sizeof(key));
	key.serverid = get_foreign_server_oid(server_name, false);
	acl = cs_compat_server_aclcheck(key.serverid, GetUserId());
	if (acl != ACLCHECK_OK)
		aclcheck_error(acl, OBJECT_FOREIGN_SERVER, server_name);

	*reader = cs_settings_is_reader(GetUserId());
	key.userid = *reader ? reader_mapping_role(key.serverid) : GetUserId();

	if (settings_table == NULL)
		create_settings_table();
	entry = hash_search(settings_table, &key, HASH_ENTER, &found);
	if (!found)
		entry->kept = NULL;
	if (entry->kept != NULL &&
		(entry->kept->stale || files_changed(entry->kept)))
		retire(entry);
	if (entry->kept == NULL)
	{
		KeptSettings *built =
			build_settings(get_credscore_server(key.serverid), key.userid);

		/* Building reads catalogs, so look the entry up once more. */
		entry = hash_search(settings_table, &key, HASH_ENTER, &found);
		if (!found)
			entry->kept = NULL;
		retire(entry);
		entry->kept = built;
	}
	return entry->kept;
}

const CsSettings *
cs_settings_get(const char *server_name, bool *reader)
{
	accept_changes();
	return &look_up(server_name, reader)->settings;
}

void
cs_settings_try(Oid serverid, Oid mapping, CsKey *server, CsKey *account)
{
	KeptSettings *kept =
		build_settings(get_credscore_server(serverid), mapping);

	*server = kept->settings.server_key;
	*account = kept->settings.proof_key;
	PG_TRY();
	{
		cs_share_try(&kept->settings);
	}
	PG_FINALLY();
	{
		free_settings(kept);
	}
	PG_END_TRY();
}

/* --- holding --- */

#define kept_of(settings_) \
	((KeptSettings *) ((char *) unconstify(CsSettings *, settings_) - \
					   offsetof(KeptSettings, settings)))

const char *
cs_settings_mapping(const CsSettings *settings)
{
	return kept_of(settings)->mapping;
}

void
cs_settings_hold(const CsSettings *settings)
{
	kept_of(settings)->users++;
}

void
cs_settings_release(const CsSettings *settings)
{
	KeptSettings *kept = kept_of(settings);

	if (--kept->users == 0)
		take_from_shared_memory(kept);
}

CsAccountId
cs_settings_account(const CsSettings *settings)
{
	KeptSettings *kept = kept_of(settings);

	Assert(kept->users > 0);
	if (kept->account == CS_NO_ACCOUNT)
		kept->account = cs_share_account(settings);
	return kept->account;
}

int
cs_settings_secrets(const CsSettings *settings, CsPair *pairs)
{
	int n = 0;

	for (const CsOption *o = settings->provider->options; o->name != NULL; o++)
	{
		const char *value =
			o->secret ? cs_template_option(&settings->account, o->name) : NULL;

		if (value != NULL)
			pairs[n++] = (CsPair){o->name, value};
	}
	return n;
}
