# Two commands to know: `make run` shows what this is, `make test` proves that it works.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help run test check bench fuzz man gen cover

# The pinned tools live in a module of their own, so that nobody who imports the library sees
# them. A workspace would refuse -modfile, hence GOWORK=off.
LINT := GOWORK=off go tool -modfile=tools/go.mod golangci-lint

help: ## print this list
	@echo "usage: make TARGET"; echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build bin/usersig and take a walk with it: keys, a token, a refusal
	@scripts/setup.sh go
	@go build -o bin/usersig ./cmd/usersig
	@scripts/tour.sh bin/usersig

test: ## everything: check, fuzz briefly, all tests with the race detector and the coverage gate
	@scripts/setup.sh
	@$(MAKE) --no-print-directory check
	FUZZTIME=$${FUZZTIME:-10s} scripts/fuzz.sh
	go test -count=1 -run Allocations . ./internal/inflate # the race detector below allocates
	scripts/coverage.sh

check: ## what needs no tests: format, vet, lint, generated files
	@scripts/setup.sh go
	scripts/format.sh
	go vet ./...
	$(LINT) run ./...
	scripts/generated.sh

bench: ## measure every row of the speed table, print it and write bench.json
	go test ./internal/benchtable -run '^TestTable$$' -count=1 -v -args -bench-out=$(CURDIR)/bench.json

fuzz: ## fuzz for long: FUZZTIME=10m for each target
	@scripts/setup.sh go
	FUZZTIME=$${FUZZTIME:-10m} scripts/fuzz.sh

man: ## write the man pages
	go generate ./cmd/usersig

gen: ## write every generated file: the man pages and docs/errors.md
	go generate ./...

cover: ## run the tests and write .cache/coverage.html, which shows what no test reaches
	@scripts/setup.sh
	scripts/coverage.sh
	go tool cover -html=coverage.out -o .cache/coverage.html
	@echo "see .cache/coverage.html"
