#!/bin/sh
# Makes the virtual environment named by $1 with the first usable Python from 3.11 on,
# or keeps it when it works. $PYTHON names another interpreter.
set -eu
venv=$1

usable() {
	"$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 &&
	"$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
	exit 0
fi

# One word, however its path is written.
if [ -n "${PYTHON:-}" ]; then
	set -- "$PYTHON"
else
	set -- python3 python3.13 python3.12 python3.11 python3.14
fi
for candidate in "$@"; do
	if usable "$candidate"; then
		exec "$candidate" -m venv --clear "$venv"
	fi
done

echo "No usable Python found: Python 3.11 or newer with its venv module is needed" >&2
echo "(on Debian and Ubuntu: apt install python3 python3-venv; or make PYTHON=/path/to/python3)." >&2
exit 1
