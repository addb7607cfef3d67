# Two commands to know: `make run` starts the server, `make test` proves that it works.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help run tour test calls check bench fuzz man gen cover

# The pinned tools live in a module of their own, so that nobody who imports the library sees
# them. A workspace would refuse -modfile, hence GOWORK=off.
LINT := scripts/lint.sh

# The library and the command, the server, and the server's proofs from outside are a module each.
ALL := ./... ./server/... ./server/e2e/...

export GORACE := suppressions='$(CURDIR)/server/e2e/media/livekit.supp'

help: ## print this list
	@echo "usage: make TARGET"; echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build and start the server on data/, with a first application, and say what to try
	@scripts/setup.sh go
	@go build -o bin/ ./cmd/usersig ./server/cmd/usersigd
	@scripts/run.sh

tour: ## build bin/usersig and take a walk with it: keys, a token, a refusal
	@scripts/setup.sh go
	@go build -o bin/usersig ./cmd/usersig
	@scripts/tour.sh bin/usersig

test: ## everything: check, fuzz briefly, all tests with the race detector, the coverage gate, and calls
	@scripts/setup.sh
	@$(MAKE) --no-print-directory check
	FUZZTIME=$${FUZZTIME:-20000x} scripts/fuzz.sh
	go test -count=1 -run Allocations . ./internal/inflate # the race detector below allocates
	scripts/coverage.sh
	@# With the versions of its own modules. Most of the server is tested without LiveKit, which takes long
	@# to link. Where it is in, races of its own are overlooked.
	cd server && GOWORK=off go test -race -tags nomedia -count=1 $$(GOWORK=off go list ./... | grep -v internal/media)
	cd server && GOWORK=off go test -race -count=1 ./internal/media
	cd server/e2e && GOWORK=off go test -race -p 1 -count=1 . ./media # one after the other: they time what users notice
	@$(MAKE) --no-print-directory calls

calls: ## the calls that take real browsers, TURN and RTMP servers, and the web SDK's own tests
	@scripts/setup.sh
	cd server/e2e && GOWORK=off go test -p 1 -count=1 ./browser ./engines
	cd sdk/web && npm ci --ignore-scripts --no-audit --no-fund && npm test

check: ## what needs no tests: format, vet, lint, generated files
	@scripts/setup.sh go
	scripts/format.sh
	go vet $(ALL)
	$(LINT)
	scripts/generated.sh

bench: ## measure every row of the speed table, print it and write bench.json
	go test ./internal/benchtable -run '^TestTable$$' -count=1 -v -args -bench-out=$(CURDIR)/bench.json
	go test ./server/internal/benchtable -run '^TestTable$$' -count=1 -v -args -bench-out=$(CURDIR)/bench.json
	cd server/e2e && GOWORK=off go test ./media -run '^TestTable$$' -count=1 -v -args -bench-out=$(CURDIR)/bench.json

fuzz: ## fuzz for long: FUZZTIME=10m for each target
	@scripts/setup.sh go
	FUZZTIME=$${FUZZTIME:-10m} scripts/fuzz.sh

man: ## write the man pages
	go generate ./cmd/usersig ./server/cmd/usersigd ./server/internal/config

gen: ## write every generated file: man pages, docs/errors.md, the default configuration, the demo's SDK
	go generate ./... ./server/...

cover: ## run the tests and write .cache/coverage.html, which shows what no test reaches
	@scripts/setup.sh
	scripts/coverage.sh
	go tool cover -html=coverage.out -o .cache/coverage.html
	@echo "see .cache/coverage.html"
