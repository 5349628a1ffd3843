#!/bin/sh
# Sees to it that the tests of the proxies find nginx and Caddy: installs Debian's where this is
# allowed. Tests without their proxy are skipped, loudly; where CI is set that is a failure.
set -u

missing() {
	for name in nginx caddy; do
		PATH="$PATH:/usr/sbin" command -v "$name" >/dev/null 2>&1 || printf ' %s' "$name"
	done
}

packages=$(missing)
[ -z "$packages" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing from the distribution's packages (once):$packages ..." >&2
	export DEBIAN_FRONTEND=noninteractive
	# They are started by tests only, never as services of the system.
	export RUNLEVEL=1
	# Split on purpose: one argument for each package.
	{ apt-get update && apt-get install -y $packages; } >&2
	packages=$(missing)
	[ -z "$packages" ] && exit 0
fi

cat >&2 <<SENTENCE
**********************************************************************
  MISSING:$packages
  The tests behind this proxy can't run and will be SKIPPED.
  Install it (Debian: apt-get install$packages) and run again.
**********************************************************************
SENTENCE
[ -z "${CI:-}" ]
