#!/bin/sh
# Usage: audit.sh VERSION. Asks what is known about the locked packages, the tools of the page and
# the vendored modules, by pip-audit of that version and by npm. Both ask services of others over the
# network; where these can't be reached nothing was audited, and this ends with an error and says so.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
PYTHON=${PYTHON:-} sh tools/venv.sh "$scratch/venv"
"$scratch/venv/bin/python" -m pip --disable-pip-version-check install --quiet "pip-audit==$1"

failed=0
for lock in runtime dev engine traefik node; do
	"$scratch/venv/bin/pip-audit" --require-hashes --disable-pip --progress-spinner off \
		--requirement "requirements/$lock.lock" || failed=1
done

"$scratch/venv/bin/python" -c '
import json, sys
modules = json.load(open("web/static/vendor/manifest.json"))
needs = {one["name"]: one["version"] for one in modules}
json.dump({"name": "page", "version": "1.0.0", "dependencies": needs}, sys.stdout)
' >"$scratch/package.json"
sh tools/page_tools.sh "$scratch/venv"
PATH=$scratch/venv/page-tools/bin:$PATH
(cd "$scratch" && npm install --silent --package-lock-only --ignore-scripts && npm audit) || failed=1
(cd "$scratch/venv/page-tools" && npm audit) || failed=1

[ "$failed" = 0 ] || echo "NOT AUDITED, or something was found: see above." >&2
exit "$failed"
