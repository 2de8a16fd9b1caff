# One line a target; `make` alone prints them.
.PHONY: help build test quick race lint fuzz bench bench-match e2e soak gen oracle
help:  ; @grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | grep -v '^help' | sed -E 's/:[^#]*## /\t/' | expand -t 14
build: ; go build -o dari ./cmd/dari ## build the binary ./dari
test:  ; @scripts/steps tools lint race oracle e2e ## everything: linters, unit tests with the race detector, and the real clients
quick: ; go test -short ./... ## the unit tests without those that take their time, for while you work
race:  ; go test -race ./... ## unit tests with the race detector
oracle: ## a million patterns and events, the set against the plain matcher, with assembly and without
	go test -count=1 -run SetAgreesWithTheOracle -v ./pattern
	go test -count=1 -tags purego ./pattern
lint:  ; scripts/lint ## gofmt, go vet, staticcheck, tidy modules
fuzz:  ; scripts/fuzz $(or $(FUZZTIME),30s) ## each fuzzer for FUZZTIME (default 30s)
bench: ; scripts/bench ## benchmarks, compared with the baseline by benchstat
bench-match: ; @cd pattern/bench && go mod download && go run . ## matching, beside quamina, as a table
e2e:   ; scripts/e2e ## the AWS clients, Terraform and kill -9 against the real binary
soak:  ; DARI_SOAK=$(or $(SOAK),20m) scripts/e2e -timeout 24h -v -run ASoak ## everything at once, with faults, for SOAK (default 20m)
gen:   ; go test ./internal/app ./internal/watch -run Generated -update ## write the generated documents anew
.PHONY: tools
tools: ; @scripts/tools
