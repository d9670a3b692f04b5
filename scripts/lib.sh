# lib.sh
#	  What the check and the demo share: a private directory, a private copy
#	  of PostgreSQL, a throw-away cluster, and the removal of all three.
#
# Everything that runs PostgreSQL runs as an unprivileged user: as $RUN_USER
# when we are root (initdb refuses root, and the checkout may be unreadable
# to others, so the tree is copied), as ourselves otherwise.
#
# The caller sets -u, stands in the checkout and calls work_make first.

PG_CONFIG=${PG_CONFIG:-pg_config}
RUN_USER=${RUN_USER:-postgres}
KEEP=${KEEP:-}

WORK=						# the private directory
TREE=						# copy of the built checkout in it
PG_BIN=						# bin directory of the private PostgreSQL
CHILD=						# process group of the running step
TEMPLATE=					# data directory to copy, once there is one
CLUSTER=					# data directory, once there is one

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# Starts a command in the background as the unprivileged user, with a clean
# environment and in a process group of its own; its id is in $!.
spawn() {
	if [ "$(id -u)" = 0 ]; then
		set -- setpriv --reuid="$RUN_USER" --regid="$(id -g "$RUN_USER")" \
			--init-groups "$@"
	fi
	# shells start background commands with SIGINT ignored, hence env's option
	setsid env -i --default-signal=INT,QUIT --chdir="${TREE:-$WORK}" \
		PATH="${PG_BIN:+$PG_BIN:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
		HOME="$WORK/home" TMPDIR="$WORK/tmp" LC_ALL=C.UTF-8 TERM="${TERM:-dumb}" \
		PGHOST="$WORK/socket" PGPORT=5432 PGDATABASE=postgres \
		CREDSCORE_WORK="$WORK" \
		CREDSCORE_SANDBOX="$TREE/test/sandbox/credscore-sandbox" \
		"$@" </dev/null &
}

# Runs a command so.  Waiting for a background process, unlike running one,
# ends at once when a signal comes.
as_user() {
	spawn "$@"
	CHILD=$!
	wait "$CHILD"
	as_user_status=$?
	CHILD=
	return "$as_user_status"
}

# A directory that only the unprivileged user may enter, short enough for
# socket names, on a file system that programs may run from.
work_make() {
	if [ "$(id -u)" = 0 ]; then
		id "$RUN_USER" >/dev/null 2>&1 || die "there is no user \"$RUN_USER\" to run PostgreSQL as"
	fi
	for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
		[ "${#base}" -le 40 ] || continue
		WORK=$(mktemp -d "$base/credscore.XXXXXX") || continue
		mkdir "$WORK/home" "$WORK/tmp" "$WORK/socket" "$WORK/log"
		cp /bin/true "$WORK/tmp/probe"
		if [ "$(id -u)" = 0 ]; then
			chown -R "$RUN_USER:" "$WORK"
		fi
		if as_user "$WORK/tmp/probe" 2>/dev/null; then
			rm "$WORK/tmp/probe"
			return
		fi
		rm -rf "$WORK"
		WORK=
	done
	die 'found no directory that programs may run from'
}

# Copies PostgreSQL and the built tree into the private directory and
# installs the extension there.  PostgreSQL finds its files by their position
# relative to its program, so the copies keep their absolute paths below
# $WORK/pg: what was /usr/lib/postgresql/15/bin is $WORK/pg/usr/lib/... .
# They are real copies, since a program resolves symbolic links first.
install_privately() {
	bin=$("$PG_CONFIG" --bindir) || die "cannot run $PG_CONFIG"
	mkdir -p "$WORK/pg$bin"
	# bin may be /usr/bin, so by name
	for program in postgres initdb psql pgbench vacuumdb reindexdb clusterdb \
		createdb dropdb createuser dropuser "$bin"/pg_*; do
		program=$bin/${program##*/}
		[ ! -x "$program" ] || cp -L "$program" "$WORK/pg$bin/"
	done
	for dir in "$("$PG_CONFIG" --pkglibdir)" "$("$PG_CONFIG" --sharedir)"; do
		mkdir -p "$WORK/pg$dir"
		cp -a "$dir/." "$WORK/pg$dir/"
	done
	# headers are only read
	for dir in "$("$PG_CONFIG" --includedir-server)" "$("$PG_CONFIG" --pkgincludedir)"; do
		mkdir -p "$WORK/pg$(dirname "$dir")"
		[ -e "$WORK/pg$dir" ] || ln -s "$dir" "$WORK/pg$dir"
	done

	mkdir "$WORK/tree"
	tar -cf - --exclude=./.git --exclude=./build --exclude=./tmp_check \
		--exclude=./results . | tar -xf - -C "$WORK/tree"
	if [ "$(id -u)" = 0 ]; then
		chown -R "$RUN_USER:" "$WORK/tree" "$WORK/pg"
	fi
	TREE=$WORK/tree
	PG_BIN=$WORK/pg$bin

	[ "$("$PG_BIN/pg_config" --bindir)" = "$PG_BIN" ] ||
		die "PostgreSQL in $bin cannot be relocated"
	as_user make -s install PG_CONFIG="$PG_BIN/pg_config" \
		>"$WORK/log/install.log" 2>&1 || {
		cat "$WORK/log/install.log" >&2
		die 'installing the extension into the private copy failed'
	}
}

# A data directory in $TEMPLATE, of which clusters are copies.
template_make() {
	[ -z "$TEMPLATE" ] || return 0
	TEMPLATE=$WORK/template
	as_user initdb -D "$TEMPLATE" -A trust --no-sync --no-instructions \
		--encoding=UTF8 --no-locale >"$WORK/log/initdb.log" 2>&1 || {
		cat "$WORK/log/initdb.log" >&2
		die 'initdb failed'
	}
}

# Starts the throw-away cluster: no TCP port, its socket in $WORK/socket,
# nothing flushed to disk.  Arguments are further configuration lines.
cluster_start() {
	CLUSTER=$WORK/cluster
	template_make
	as_user cp -R "$TEMPLATE" "$CLUSTER" || die 'copying the template failed'
	printf '%s\n' "shared_preload_libraries = 'credscore'" \
		"listen_addresses = ''" \
		"unix_socket_directories = '$WORK/socket'" \
		'fsync = off' 'max_wal_size = 256MB' "$@" >>"$CLUSTER/postgresql.conf"
	as_user pg_ctl -s -w -t 60 -D "$CLUSTER" -l "$WORK/log/cluster.log" start || {
		tail -n 30 "$WORK/log/cluster.log" >&2
		die 'the throw-away cluster did not start'
	}
}

# Starts the provider simulator on a free port, which is put into
# $SANDBOX_PORT; its id into $SANDBOX.  It ends with us.
sandbox_start() {
	spawn "$TREE/test/sandbox/credscore-sandbox" --port 0 --die-with-parent "$@" \
		>"$WORK/log/sandbox.out" 2>&1
	SANDBOX=$!
	for pause in 0.05 0.1 0.2 0.5 1 2 5; do
		sleep "$pause"
		SANDBOX_PORT=$(sed -n 's/^ready port=//p' "$WORK/log/sandbox.out")
		[ -z "$SANDBOX_PORT" ] || return 0
		kill -0 "$SANDBOX" 2>/dev/null || break
	done
	cat "$WORK/log/sandbox.out" >&2
	die 'the sandbox did not start'
}

# Ids of the processes that belong to the private directory: they run a
# program in it, or carry its name in their environment.
work_processes() {
	{
		find /proc -maxdepth 2 -name exe -lname "$WORK/*" 2>/dev/null
		grep -lzxF "CREDSCORE_WORK=$WORK" /proc/[0-9]*/environ 2>/dev/null
	} | cut -d/ -f3 | sort -u
}

# Ends whatever still runs there, politely and then not.
work_sweep() {
	for pidfile in $(find "$WORK" -name postmaster.pid 2>/dev/null); do
		postmaster=$(head -n 1 "$pidfile")
		case $(readlink "/proc/$postmaster/exe") in
		"$WORK"/*) kill -QUIT "$postmaster" 2>/dev/null ;;
		esac
	done
	signal=TERM
	for pause in 0.1 0.2 0.5 1 1 2 0; do
		pids=$(work_processes)
		[ -n "$pids" ] || return
		[ "$pause" != 0 ] || signal=KILL
		kill -s "$signal" $pids 2>/dev/null
		sleep "$pause"
	done
}

# Safe at any time, also when called twice.
work_remove() {
	trap '' INT TERM HUP
	[ -z "$CHILD" ] || kill -s TERM -- "-$CHILD" 2>/dev/null
	CHILD=
	[ -n "$WORK" ] || return 0
	if [ -n "$CLUSTER" ] && [ -f "$CLUSTER/postmaster.pid" ]; then
		as_user pg_ctl -s -m fast -t 20 -D "$CLUSTER" stop >/dev/null 2>&1
	fi
	CLUSTER=
	work_sweep
	if [ -n "$KEEP" ]; then
		echo "Files are kept in $WORK"
	else
		rm -rf "$WORK"
	fi
	WORK=
}

# Whatever ends the script, nothing stays.
trap work_remove EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM
