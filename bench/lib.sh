# lib.sh
#	  What run, cancel and soak share: everything is built, a private cluster
#	  and the sandbox run, and the measuring is done by a Perl script beside.
#
# Sourced; the caller's directory is the checkout from then on.

set -u
cd "$(dirname "$0")/.." || exit 1
. scripts/lib.sh

QUICK=${QUICK:-}

# bench_start [CONFIGURATION-LINE]...
#
# The cluster's cache has room for all answers that a measurement wants found
# there; PostgreSQL leaves out settings that credscore does not know.  Neither
# vacuums nor checkpoints come in between: they would take a processor from
# whatever is measured at that moment.
bench_start() {
	make -s -j "$(nproc)" PG_CONFIG="$PG_CONFIG" all sandbox bench-programs || exit 1
	work_make
	install_privately
	sandbox_start --no-magic
	cluster_start 'autovacuum = off' 'max_wal_size = 8GB' 'checkpoint_timeout = 1h' \
		"credscore.cache_size = '2GB'" "$@"
	superuser=$(if [ "$(id -u)" = 0 ]; then echo "$RUN_USER"; else id -un; fi)
}

# bench_perl SCRIPT [VARIABLE=VALUE]...
bench_perl() {
	script=$1
	shift
	as_user env PGUSER="$superuser" SANDBOX_PORT="$SANDBOX_PORT" \
		BENCH_LOG="$WORK/log" QUICK="$QUICK" "$@" perl -Ibench "bench/$script"
}
