# All targets work the same on a laptop and in CI. All tools but Go, Python, Java, Maven and Node.js are installed
# into .tools by scripts/setup, at pinned versions.
STAGE ?= local
RUNS ?= 10000
SEED ?= 1
WORLD ?= 40
AWS_PROOF ?= --local
SHELL := /bin/bash
tools := $(CURDIR)/.tools
# The linter caches findings with absolute paths: checkouts must not share its cache.
export GOLANGCI_LINT_CACHE := $(tools)/cache/golangci-lint
export PATH := $(CURDIR)/dist/bin:$(tools)/bin:$(tools)/venv/bin:$(tools)/node/node_modules/.bin:$(PATH)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: setup tools build
setup: ## install all pinned tools into .tools; fast if they are installed
	@scripts/setup archive lint
tools: # what the other targets require
	@scripts/setup
build: ## build functions, runner, programs and CDK app into dist; STAGE=local
	@scripts/build $(STAGE)

.PHONY: demo up deploy down
demo: up ## a run from upload to result in the local region, with real data
	@laptop deploy
	@laptop demo
up: tools build ## start the local region
	@laptop up
deploy: tools build ## deploy all stacks to STAGE=local (needs make up), dev or prod
ifeq ($(STAGE),local)
	@laptop deploy
else
	@scripts/unprotect $(STAGE)
	cdk deploy --all --context stage=$(STAGE)
endif
down: ## stop the local region and all its processes
	@if [ -x dist/bin/laptop ]; then laptop down; fi

.PHONY: test test-fast race dbt tables simulate growth aws-proof chaos examples lint bench
test: setup lint build race ## what CI runs: lint, the race detector, all tests including those on a local region
	go test -timeout 40m ./...
test-fast: ## the tests that need no tools and no region, in under a minute
	go test -short ./...
	GOOS=windows go vet ./cmd/ephemr
race: ## tests of packages that start goroutines, with the race detector if there is a C compiler
	@scripts/race
dbt: tools ## a project of dbt with the laptop's Spark: installs dbt from PyPI, about a minute
	EPHEMR_DBT=1 go test -count=1 -timeout 40m -v -run 'TestCases/^dbt$$' ./acceptance/cases
tables: tools build ## Delta and Iceberg with the laptop's Spark: installs their jars from Maven, 115 MB
	@scripts/setup tables
	go test -count=1 -timeout 40m -v -run '^TestTables' ./acceptance -tables
simulate: ## storms of faults in virtual time, and planned times of all zones; RUNS=10000 SEED=1 WORLD=40 KIND=crashes CALLS=/tmp/calls
	@set -o pipefail; go test -count=1 -timeout 24h -run '^TestStorms$$' -v ./internal/proof/simulation -args -runs=$(RUNS) -seed=$(SEED) \
	  -world=$(WORLD) -kind="$(KIND)" -calls="$(CALLS)" | { grep -Ev '^ *(===|--- PASS|PASS)' || true; }
	@set -o pipefail; go test -count=1 -run '^TestAllZones$$' -v ./internal/cron -args -all | { grep -Ev '^ *(===|--- PASS|PASS)' || true; }
growth: ## an hour of 10,000 runs, and of 1,700 with EMR's default quotas, in virtual time; minutes
	@go test -count=1 -timeout 1h -run '^TestGrowth$$' -v ./internal/proof/simulation -args -hour
aws-proof: tools build ## what AWS does where it is not documented; on the running local region, or AWS_PROOF=--yes on an account
	@scripts/aws-proof $(AWS_PROOF)
chaos: tools build ## 300 real runs with faults and killed processes, 15 minutes; CHAOS="-runs 40 -seed 2"
	@chaos $(CHAOS)
examples: tools build ## examples on real systems (PostgreSQL, OpenSearch, Redis, …), and the time from trigger to data
	@scripts/setup stores warehouse
	go test -count=1 -timeout 60m -v -run '^Test(Addition|SyntheticQuality|StoreAvailability|Warehouse)$$' ./acceptance -examples
lint: ## linters of Go, shell, Python and GitHub workflows
	@scripts/setup lint
	golangci-lint run
	golangci-lint fmt --diff
	@scripts/lint
bench: tools build ## measure overhead, calls, functions and demo; BENCH="-n 10 -demo=false"
	@scripts/setup peers
	@bench $(BENCH)

.PHONY: audit vulncheck man release newcomer synth check generate clean
audit: ## licences of all modules that are released; a minute
	@scripts/audit licences
vulncheck: ## known vulnerabilities that can be reached; needs https://vuln.go.dev
	@scripts/audit vulnerabilities
man: ## man pages of ephemr into dist/man
	go run ./cmd/manual -man dist/man -version "$$(git describe --tags --always --dirty)"
release: ## archives for Linux, macOS and Windows, SBOM and checksums into dist/release; takes minutes
	@scripts/release
newcomer: ## a new user's first steps from the archives alone; takes minutes, less with EPHEMR_TOOLS=.tools
	@scripts/newcomer
synth: tools ## templates of STAGE into cdk.out/STAGE, checked by cfn-lint and, on their policies, policy_sentry
	@scripts/build $(STAGE)
	cdk synth --quiet --context stage=$(STAGE) --output cdk.out/$(STAGE)
	$(tools)/venv/bin/python $(tools)/venv/bin/cfn-lint cdk.out/$(STAGE)/*.template.json
ifneq ($(STAGE),local) # whose rights are coarser, because of the emulator
	$(tools)/venv/bin/python scripts/policies.py cdk.out/$(STAGE)/*.template.json
endif
generate: ## write generated files
	go generate ./...
check: generate ## fail if generated files or formatting are not up to date
	@scripts/setup lint
	golangci-lint fmt
	git diff --exit-code
clean: down ## remove build results and the region's logs, but not the tools
	rm -rf dist cdk.out .local
