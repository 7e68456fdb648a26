# swctr: `make help` lists what can be asked for.
SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help

PREFIX  ?= /usr/local
DESTDIR ?=
bindir   = $(PREFIX)/bin
unitdir  = $(PREFIX)/lib/systemd/system
sharedir = $(PREFIX)/share

ROUNDS  ?= 24000
SWIFT         ?= swift
release_flags := -c release --static-swift-stdlib --scratch-path .build-release
protos         = $(shell cd proto && find . -name '*.proto' | sed 's,^\./,,' | LC_ALL=C sort)
swift_sources  = Package.swift Sources Tests shim
shim_binary   := build/shim/containerd-shim-swctr-v2

##@ Every day

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

deps: ## Install the Debian packages that building, running and testing need (quiet when all are there)
	@packaging/deps.sh

build: build-deps ## Build the three programs for debugging: .build/debug/swctr, .build/debug/swctrd, build/shim/
	@$(MAKE) --no-print-directory -C shim
	$(SWIFT) build

run: run-deps build ## Build, start a manager if none runs, and run a first container in it
	@examples/first-container.sh

test: deps check-style ## Build and run every test; root is needed for the integration tests
	@$(MAKE) --no-print-directory -C shim
	$(SWIFT) build --build-tests
	@$(MAKE) --no-print-directory check-protos
	@.ci/test.sh
	@.ci/parity.py
	@.ci/sanitized.sh
	@.ci/together.sh Tests/VM/test.sh '$(MAKE) --no-print-directory fuzz'

test-vm: deps ## Run what depends on cgroup v2, and checkpoint and restore, in a small emulated machine (ARGS='--filter Machine')
	@$(MAKE) --no-print-directory -C shim
	$(SWIFT) build --build-tests
	@Tests/VM/test.sh $(ARGS)

##@ Before a commit

check: build-deps check-style ## Check format, layers, links, generated files, and that all of it builds without a warning
	$(SWIFT) build --build-tests
	@$(MAKE) --no-print-directory -C shim
	@$(MAKE) --no-print-directory check-protos

format: ## Format the Swift sources in place
	$(SWIFT) format --in-place --parallel --recursive $(swift_sources)

protos: test-deps ## Generate the Swift and C messages from proto/
	$(SWIFT) build --product protoc-gen-swift
	@$(call generate,Sources/SwctrProto)
	@$(MAKE) --no-print-directory -C shim protos

check-style: ## Check what needs no build: format, layers of imports, links between pages
	$(SWIFT) format lint --strict --parallel --recursive $(swift_sources)
	@.ci/check-layers.py
	@.ci/check-docs.py

check-protos: test-deps ## Check that the committed messages are what `make protos` makes
	$(SWIFT) build --product protoc-gen-swift
	@rm -rf build/protos && mkdir -p build/protos/swift
	@$(call generate,build/protos/swift)
	@diff -r build/protos/swift Sources/SwctrProto || { echo 'Sources/SwctrProto is not what proto/ says: run make protos' >&2; exit 1; }
	@mkdir -p build/protos/c && $(MAKE) --no-print-directory -C shim protos GENERATED=$(CURDIR)/build/protos/c
	@diff -r build/protos/c shim/Generated || { echo 'shim/Generated is not what proto/ says: run make protos' >&2; exit 1; }

parity: build test-deps ## Run only the suite of ctr cases (ARGS='--lane engine --filter ^tasks' passes arguments on)
	@Tests/Support/prepare.sh
	@.ci/parity.py $(ARGS)

fuzz: build-deps ## Fuzz what reads foreign bytes, FUZZ_SECONDS=5 for each of eleven targets
	@Tests/Fuzz/run.py --harness --seconds $(or $(FUZZ_SECONDS),5)

##@ For others to use

release: build-deps ## Build what is shipped: dist/bin/
	$(SWIFT) build $(release_flags) --product swctr
	$(SWIFT) build $(release_flags) --product swctrd
	@$(MAKE) --no-print-directory -C shim
	@mkdir -p dist/bin
	@install -m 755 -s .build-release/release/swctr .build-release/release/swctrd dist/bin/
	@install -m 755 $(shim_binary) dist/bin/
	@ls -l dist/bin

bench: release bench-deps ## Measure against Debian's containerd, side by side; root is needed
	@Benchmarks/bench.py

soak: build-deps ## Put one shim through ROUNDS (24000) containers and compare its memory and descriptors; root is needed
	@$(MAKE) --no-print-directory -C shim
	@Benchmarks/soak.py --rounds $(ROUNDS)

install: ## Install dist/bin, the systemd unit and shell completions below PREFIX (/usr/local); honours DESTDIR
	@test -x dist/bin/swctr || { echo 'nothing to install yet: run make release first' >&2; exit 1; }
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(unitdir) $(addprefix $(DESTDIR)$(sharedir)/,$(dir $(completions)))
	install -m 755 $(addprefix dist/bin/,$(programs)) $(DESTDIR)$(bindir)
	sed 's,@bindir@,$(bindir),g' packaging/swctrd.service > $(DESTDIR)$(unitdir)/swctrd.service
	dist/bin/swctr --generate-completion-script bash > $(DESTDIR)$(sharedir)/bash-completion/completions/swctr
	dist/bin/swctr --generate-completion-script zsh > $(DESTDIR)$(sharedir)/zsh/site-functions/_swctr
	dist/bin/swctr --generate-completion-script fish > $(DESTDIR)$(sharedir)/fish/vendor_completions.d/swctr.fish

uninstall: ## Remove what install installed
	rm -f $(addprefix $(DESTDIR)$(bindir)/,$(programs)) $(DESTDIR)$(unitdir)/swctrd.service
	rm -f $(addprefix $(DESTDIR)$(sharedir)/,$(completions))

clean: ## Remove everything that was built
	rm -rf .build .build-release build dist

# Below: parts of the above.

programs    := swctr swctrd containerd-shim-swctr-v2
completions := bash-completion/completions/swctr zsh/site-functions/_swctr fish/vendor_completions.d/swctr.fish

build-deps:
	@packaging/deps.sh build
run-deps:
	@packaging/deps.sh build run
test-deps:
	@packaging/deps.sh build test
bench-deps:
	@packaging/deps.sh bench

# generate(folder): Swift messages of proto/ into it.
define generate
protoc --plugin=protoc-gen-swift=.build/debug/protoc-gen-swift --swift_opt=Visibility=Public \
  --swift_opt=FileNaming=PathToUnderscores --swift_out=$(1) -Iproto $(protos)
endef

.PHONY: help deps build run test test-vm fuzz check check-style format protos check-protos parity release bench soak \
  install uninstall clean build-deps run-deps test-deps bench-deps
