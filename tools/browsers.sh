#!/bin/sh
# Sees to it that the browser tests find a Chromium and a Firefox: installs Debian's where this is
# allowed. Tests without their browser are skipped, loudly; where CI is set that is a failure.
set -u

found() {
	for name in "$@"; do
		command -v "$name" >/dev/null 2>&1 && return 0
	done
	return 1
}

# The packages of the browsers that aren't there, each with a space before it.
missing() {
	found chromium chromium-browser google-chrome || printf ' chromium'
	found firefox-esr firefox || printf ' firefox-esr'
}

apt() {
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1
}

# Chromium's engine without its windows, for half of the time of most tests. Where there is none they
# run in the whole one.
shell() {
	found chromium-headless-shell || ! apt && return
	apt-get install -y chromium-headless-shell >/dev/null 2>&1
}

packages=$(missing)
[ -z "$packages" ] && { shell; exit 0; }

if apt; then
	echo "Installing from the distribution's packages (once):$packages ..." >&2
	export DEBIAN_FRONTEND=noninteractive
	# Split on purpose: one argument for each package.
	{ apt-get update && apt-get install -y $packages; } >&2
	packages=$(missing)
	[ -z "$packages" ] && { shell; exit 0; }
fi

cat >&2 <<SENTENCE
**********************************************************************
  MISSING:$packages
  The tests in this browser can't run and will be SKIPPED.
  Install it (Debian: apt-get install$packages) and run again.
**********************************************************************
SENTENCE
[ -z "${CI:-}" ]
