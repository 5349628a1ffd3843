#!/bin/sh
# Sees to it that the tests of several hosts find a Redis: installs Debian's where this is allowed.
# Without it they are skipped, loudly; where CI is set that is a failure.
set -u

command -v redis-server >/dev/null 2>&1 && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing from the distribution's packages (once): redis-server ..." >&2
	export DEBIAN_FRONTEND=noninteractive
	# The tests start servers of their own; the package's must not run beside them.
	export RUNLEVEL=1
	{ apt-get update && apt-get install -y --no-install-recommends redis-server; } >&2
	command -v redis-server >/dev/null 2>&1 && exit 0
fi

cat >&2 <<SENTENCE
**********************************************************************
  MISSING: redis-server
  The tests of several hosts can't run and will be SKIPPED.
  Install it (Debian: apt-get install redis-server) and run again.
**********************************************************************
SENTENCE
[ -z "${CI:-}" ]
