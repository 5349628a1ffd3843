# Everything that a person or a machine does with a checkout, explained by `make help`.
# Needed: Python 3.11 or newer, make, and the public package registries.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
# Where tools/page_tools.sh puts what makes and checks the page.
PAGE_TOOLS := $(abspath $(VENV))/page-tools/bin
# pytest compiles the tests anew, with more in each assertion, and keeps that. Where Python was told to
# keep nothing, each of its processes would do it again at every run: half a minute of a core.
unexport PYTHONDONTWRITEBYTECODE
UV_VERSION := 0.13.8
PIP_AUDIT_VERSION := 2.9.0

# What the checkers read: the package, the composition root, and the folders of scripts.
TYPED := ephemeral $(wildcard app.py bench tools)
# What breaks first and costs least: the protocol by both languages' vectors, the rules, the house,
# the services on a database, and messages from the command line to the server and back. (The page's
# client does that too, with the real server, and takes longer.)
QUICK := tests/protocol tests/test_js.py tests/rooms/rules tests/test_house.py tests/test_settings.py \
  tests/rooms/service/test_rooms.py tests/rooms/api/test_whole_cycle.py tests/client/test_commands.py

##@ Running
.PHONY: run
run: $(VENV)/runtime.stamp ## start the server with a database of its own; prints its address
	@exec $(PY) -m ephemeral serve

.PHONY: setup
setup: $(VENV)/dev.stamp ## make .venv with everything that running and testing need

##@ Proving
.PHONY: test
test: $(VENV)/dev.stamp ## run every test (ARGS="tests/test_house.py -k name" for some)
	@sh tools/browsers.sh
	@sh tools/proxies.sh $(VENV)
	@sh tools/redis.sh
	@sh tools/stores.sh $(VENV)
	@sh tools/page_tools.sh $(VENV)
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile \
	  --no-loadscope-reorder $(ARGS)

.PHONY: quick
quick: $(VENV)/dev.stamp ## what to run between two edits: a slice through everything but the page, under a minute
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder \
	  --hypothesis-profile=quick -k 'not real_server' $(QUICK) $(ARGS)

.PHONY: check
check: $(VENV)/dev.stamp ## check format, lint, types, and what others wrote
	@sh tools/page_tools.sh $(VENV)
	@failed=0; \
	$(PY) -m ruff format --check . || failed=1; \
	$(PY) -m ruff check . || failed=1; \
	$(PY) -m mypy $(TYPED) || failed=1; \
	PATH="$(PAGE_TOOLS):$$PATH" biome lint --error-on-warnings || failed=1; \
	PATH="$(PAGE_TOOLS):$$PATH" tsc --project web/tsconfig.json || failed=1; \
	$(PY) tools/dependencies.py check || failed=1; \
	exit $$failed

.PHONY: format
format: $(VENV)/dev.stamp ## rewrite the Python files in the one format
	@$(PY) -m ruff check --fix-only --quiet .
	@$(PY) -m ruff format .

.PHONY: gallery
gallery: $(VENV)/dev.stamp ## picture every state of the page, light and dark, into gallery/
	@sh tools/browsers.sh
	@$(PY) tests/browser/gallery.py gallery $(ARGS)

.PHONY: bench
bench: $(VENV)/dev.stamp ## measure this server beside a bare relay (ARGS="pairs --turns 5" for one)
	@$(PY) -m bench $(ARGS)

.PHONY: soak
soak: $(VENV)/dev.stamp ## ten minutes at half load: nothing lost, repeated, or growing (ARGS=60)
	@$(PY) -m bench.soak $(ARGS)

.PHONY: bench-epoch
bench-epoch: $(VENV)/dev.stamp ## measure what the end of an epoch costs with 10,000 messages waiting
	@$(PY) -m bench.epoch

.PHONY: mutations
mutations: $(VENV)/dev.stamp ## break guards on purpose and see a test notice (ARGS="words" for some)
	@sh tools/page_tools.sh $(VENV)
	@$(PY) tools/mutations.py $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/dev.stamp ## try every parser with thousands of inputs, and count them
	@$(PY) tools/fuzz.py $(ARGS)

.PHONY: histories
histories: $(VENV)/dev.stamp ## try thousands of random histories of rooms (NUMBER=3000)
	@$(PY) -m pytest -s tests/rooms/service/test_histories.py --histories $(or $(NUMBER),3000)

.PHONY: talk-histories
talk-histories: $(VENV)/dev.stamp ## try thousands of random histories of conversations (NUMBER=1000, ARGS="--history N" for one)
	@$(PY) -m pytest -s tests/client/conversations/test_conversation_histories.py --histories $(or $(NUMBER),1000) $(ARGS)

.PHONY: page-figures
page-figures: $(VENV)/dev.stamp ## measure the page: bytes, requests, clicks, and when it can be used
	@$(PY) -m bench.page_figures

.PHONY: account-figures
account-figures: $(VENV)/dev.stamp ## measure accounts: what each act costs the server, and what their page weighs
	@$(PY) -m bench.account_figures $(ARGS)

.PHONY: epoch-figures
epoch-figures: $(VENV)/dev.stamp ## measure how long a browser's engine takes to begin an epoch, by devices
	@"$$($(PY) -c 'import playwright; print(playwright.__path__[0])')/driver/node" bench/epoch_figures.mjs

.PHONY: conversation-figures
conversation-figures: $(VENV)/dev.stamp ## measure conversations: what a record and a message cost the server, at 2, 20 and 100 devices
	@$(PY) -m bench.conversation_figures $(ARGS)

.PHONY: socket-figures
socket-figures: $(VENV)/dev.stamp ## measure an account's socket: how soon a message is read, what listening costs
	@$(PY) -m bench.socket_figures $(ARGS)

.PHONY: conversation-client-figures
conversation-client-figures: $(VENV)/dev.stamp ## measure what conversations cost the client in Python
	@$(PY) -m bench.conversation_client_figures

.PHONY: conversation-page-figures
conversation-page-figures: $(VENV)/dev.stamp ## measure how soon a browser has 500 idle conversations at hand
	@$(PY) -m bench.conversation_page_figures $(ARGS)

.PHONY: messenger-figures
messenger-figures: $(VENV)/dev.stamp ## measure the messenger: until a text is painted elsewhere, starts, memory, long conversations, weight
	@$(PY) -m bench.messenger_figures $(ARGS)

.PHONY: file-figures
file-figures: $(VENV)/dev.stamp ## measure files of account holders: sealing and sending beside bare loops, memory of the tab
	@$(PY) -m bench.file_figures $(ARGS)

.PHONY: address-times
address-times: $(VENV)/dev.stamp ## whether the time of an answer tells that an address is somebody's
	@$(PY) -m bench.address_times $(ARGS)

.PHONY: conversation-times
conversation-times: $(VENV)/dev.stamp ## whether the time of an answer tells that a conversation is there
	@$(PY) -m bench.conversation_times $(ARGS)

.PHONY: test-release
test-release: $(VENV)/dev.stamp ## what only a release needs: every form of the page, environments, a folder of any name
	@sh tools/browsers.sh
	@$(PY) -m pytest -m release $(ARGS)

.PHONY: film
film: $(VENV)/dev.stamp ## send 4 GiB on a line that breaks every half minute, and save it elsewhere (SIZE=64 in MiB)
	@sh tools/browsers.sh
	@$(PY) -m pytest -m release -s tests/browser/test_film.py --film $(or $(SIZE),4096)

.PHONY: test-stores
test-stores: $(VENV)/dev.stamp ## the tests of S3 on a second engine, Ceph's radosgw (root, Debian)
	@sh tools/stores.sh $(VENV) radosgw
	@$(PY) -m pytest -m stores $(ARGS)

.PHONY: test-image
test-image: $(VENV)/dev.stamp ## build and run the container image without a daemon (root, Debian)
	@$(PY) -m pytest -m image $(ARGS)

.PHONY: test-compose
test-compose: $(VENV)/dev.stamp ## bring compose.yaml up on a Docker of the test's own (root, Debian)
	@$(PY) -m pytest -m engine $(ARGS)

.PHONY: audit
audit: ## ask the advisory services of PyPI and npm about what is locked (needs the network)
	@sh tools/audit.sh $(PIP_AUDIT_VERSION)

##@ Making again what is committed
.PHONY: third-party
third-party: $(VENV)/dev.stamp ## list what others wrote, with licences, in THIRD_PARTY.md
	@$(PY) tools/dependencies.py third-party

.PHONY: vectors
vectors: $(VENV)/dev.stamp ## write the protocol's test vectors
	@$(PY) tests/vectors/generate.py

.PHONY: page
page: $(VENV)/dev.stamp ## bundle web/static into web/bundles, which is what the page loads
	@sh tools/page_tools.sh $(VENV)
	@$(PY) tools/bundles.py

.PHONY: vendor
vendor: $(VENV)/dev.stamp ## fetch the pinned browser modules and the word list's twin
	@sh tools/page_tools.sh $(VENV)
	@$(PY) tools/vendor.py
	@$(PY) tools/words.py

.PHONY: lock
lock: ## resolve pyproject.toml into requirements/*.lock, with hashes (ARGS=--upgrade for the newest of all)
	@sh tools/lock.sh $(UV_VERSION) $(ARGS)

##@ Delivering
.PHONY: manifest
manifest: $(VENV)/runtime.stamp ## write the manifest of this version into dist/ (RELEASE_KEY=FILE signs it)
	@$(PY) tools/release.py manifest dist $(if $(RELEASE_KEY),--key "$(RELEASE_KEY)")

.PHONY: sbom
sbom: $(VENV)/runtime.stamp ## print the bill of materials (CycloneDX 1.6), as it is in the image
	@$(PY) tools/dependencies.py sbom

.PHONY: image
image: ## build the container image (docker, podman or buildah)
	@for builder in docker podman buildah; do \
	  if command -v $$builder >/dev/null 2>&1; then exec $$builder build --tag ephemeral .; fi; \
	done; echo "To build an image, docker, podman or buildah is needed." >&2; exit 1

##@ Cleaning
.PHONY: clean
clean: ## remove .venv and the caches; never the data of an instance
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## print this
	@awk 'BEGIN { FS = ":[^#]*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:[^#]*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# The stamps are newer than the locks exactly when .venv holds what the locks say.
$(VENV)/runtime.stamp: requirements/runtime.lock pyproject.toml
	@sh tools/venv.sh $(VENV)
	@echo "Installing what the program needs (a minute, once) ..." >&2
	@sh tools/install.sh $(VENV)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/runtime.stamp
	@echo "Installing what the tests need (a minute, once) ..." >&2
	@$(PIP) install --quiet --require-hashes -r requirements/dev.lock
	@touch $@
