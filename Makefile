# Everything here works the same on a laptop and in CI. All tools but Go, Python, Java, Maven and Node.js
# come pinned into .tools by scripts/setup.
STAGE ?= local
RUNS ?= 10000
SEED ?= 1
WORLD ?= 40
SHELL := /bin/bash
tools := $(CURDIR)/.tools
# The linter remembers findings with the paths of the checkout it saw them in: another checkout must not get them.
export GOLANGCI_LINT_CACHE := $(tools)/cache/golangci-lint
export PATH := $(CURDIR)/dist/bin:$(tools)/bin:$(tools)/venv/bin:$(tools)/node/node_modules/.bin:$(PATH)
scripts = $$(git grep -lE '^\#!.*(bash|sh)$$|shellcheck shell=' -- ':!*.go' ':!*.md' ':!Makefile')

.PHONY: help
help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: setup tools build
setup: ## install all pinned tools into .tools; quick when they are there
	@scripts/setup archive lint
tools: # what the other targets cannot do without
	@scripts/setup
build: ## build functions, runner, programs and CDK app into dist; STAGE=local
	@scripts/build $(STAGE)

.PHONY: demo up deploy down
demo: up ## the whole way of a run on this machine, with real data
	@laptop deploy
	@laptop demo
up: tools build ## bring a region up on this machine
	@laptop up
deploy: tools build ## deploy every stack to STAGE; local needs make up
ifeq ($(STAGE),local)
	@laptop deploy
else
	cdk deploy --all --context stage=$(STAGE)
endif
down: ## end the region on this machine, and every process of it
	@if [ -x dist/bin/laptop ]; then laptop down; fi

.PHONY: test test-fast simulate chaos lint bench
test: setup lint build ## what CI runs: lint, and all tests, those on the laptop's region too
	go test -timeout 40m ./...
test-fast: ## the tests that need no tools and no region
	go test -short ./...
	GOOS=windows go vet ./cmd/ephemr
simulate: ## storms of faults in virtual time; RUNS=10000 SEED=1 WORLD=40 KIND=crashes CALLS=/tmp/calls
	@set -o pipefail; go test -count=1 -timeout 24h -run '^TestStorms$$' -v ./internal/proof/simulation -args -runs=$(RUNS) -seed=$(SEED) \
	  -world=$(WORLD) -kind="$(KIND)" -calls="$(CALLS)" | { grep -Ev '^ *(===|--- PASS|PASS)' || true; }
chaos: tools build ## 300 real runs with faults on and processes killed, 15 minutes; CHAOS="-runs 40 -seed 2"
	@chaos $(CHAOS)
lint: ## Go linters and formatters, shellcheck
	@scripts/setup lint
	golangci-lint run
	golangci-lint fmt --diff
	shellcheck -x -P SCRIPTDIR $(scripts)
bench: tools build ## measure overhead, calls, functions and demo; BENCH="-n 10 -demo=false"
	@bench $(BENCH)

.PHONY: man release synth check generate clean
man: ## man pages of ephemr into dist/man
	go run ./cmd/manual -man dist/man -version "$$(git describe --tags --always --dirty)"
release: ## static ephemr for Linux, macOS and Windows into dist/release; takes minutes
	@scripts/release
synth: tools ## templates of STAGE into cdk.out/STAGE, checked by cfn-lint
	@scripts/build $(STAGE)
	cdk synth --quiet --context stage=$(STAGE) --output cdk.out/$(STAGE)
	$(tools)/venv/bin/python $(tools)/venv/bin/cfn-lint cdk.out/$(STAGE)/*.template.json
generate: ## write the generated files again
	go generate ./...
check: generate ## generated files and format are up to date
	@scripts/setup lint
	golangci-lint fmt
	git diff --exit-code
clean: down ## remove what was built and the region's logs, but not the tools
	rm -rf dist cdk.out .local
