#!/bin/sh
# Sees to it that the browser tests find a Chromium: installs Debian's where this is allowed.
# Without one they are skipped, loudly; where CI is set that is a failure.
set -u

found() {
	for name in chromium chromium-browser google-chrome; do
		command -v "$name" >/dev/null 2>&1 && return 0
	done
	return 1
}

found && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing Chromium from the distribution's packages (once) ..." >&2
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get update && apt-get install -y chromium; } >&2
	found && exit 0
fi

cat >&2 <<'SENTENCE'
**********************************************************************
  NO CHROMIUM: the browser tests can't run and will be SKIPPED.
  Install it (Debian: apt-get install chromium) and run again.
**********************************************************************
SENTENCE
[ -z "${CI:-}" ]
