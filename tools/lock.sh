#!/bin/sh
# Resolves pyproject.toml into the locks of requirements/, for every platform and Python from 3.11 on,
# with the hash of every file. $1 is the version of uv to use, which lives in a scratch environment
# and is no dependency of ours. What is locked stays as it is where it still fits; with --upgrade
# behind, everything becomes the newest.
set -eu
uv=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
PYTHON=${PYTHON:-} sh tools/venv.sh "$scratch"
"$scratch/bin/python" -m pip --disable-pip-version-check install --quiet "uv==$uv"

# The same options, less the output, are all that a lock depends on.
compile() {
	UV_CUSTOM_COMPILE_COMMAND="make lock" "$scratch/bin/uv" --no-config pip compile --quiet \
		--universal --python-version 3.11 --generate-hashes "$@"
}
compile "$@" pyproject.toml --group checkout --output-file requirements/runtime.lock
compile "$@" pyproject.toml --group checkout --group dev --constraints requirements/runtime.lock \
	--output-file requirements/dev.lock
# Programs, which run beside and are imported by nothing.
compile "$@" --group engine --output-file requirements/engine.lock
compile "$@" --group traefik --output-file requirements/traefik.lock
compile "$@" --group seaweedfs --output-file requirements/seaweedfs.lock
compile "$@" --group node --output-file requirements/node.lock
# And what is no package of Python's: the tools that make and check the page.
sh tools/page_tools.sh "$scratch" lock
