# Everything a person or CI does with this repository. `make help` lists it. Go, git and make are all that building and testing
# need: the other tools are built from internal/tools/go.mod into _build/tools the first time a target asks for them. What
# else a target wants its help says: a C compiler, Docker, or Python for the programs of the test bed.

SHELL := bash
.DEFAULT_GOAL := help

GO ?= go
# The binary is a function of the sources alone: no revision, no date. It also keeps go build from asking git, which
# refuses to answer in a folder that belongs to another user.
export GOFLAGS := $(strip $(filter-out -buildvcs%,$(GOFLAGS)) -buildvcs=false)

BUILD := _build
TOOLS := $(BUILD)/tools
# The installed programs of the test bed; the variable may name a folder that several clones share.
TESTBED := $(or $(GATEHOUSE_TESTBED),$(BUILD)/testbed)
BINARY := $(BUILD)/otelcol-gatehouse
CONTRIBCOL := $(BUILD)/contribcol/contribcol
MODULES := $(patsubst %/go.mod,%,$(wildcard ./go.mod internal/tools/go.mod tests/bench/go.mod))
LINTED := $(filter-out internal/tools,$(MODULES))

# What goes into the binary, so that nothing is compiled when nothing changed.
SOURCES := $(shell find . \( -name '_*' -o -name '.?*' -o -name testdata -o -path ./tests -o -path ./docs \) -prune \
	-o -name '*.go' ! -name '*_test.go' -print -o -path './confmap/*.yaml' -print)

CONFIG ?= embedded:laptop
IMAGE ?= otelcol-gatehouse:dev
FUZZTIME ?= 60s
BENCH ?= .
COUNT ?= 10
PROGRAMS ?=

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9_-]*:.*## / { printf "  %-15s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  Variables: CONFIG=$(CONFIG) (run), FUZZTIME=$(FUZZTIME) (fuzz), BENCH=$(BENCH) COUNT=$(COUNT) (bench), IMAGE=$(IMAGE) (docker),"
	@echo "  PROGRAMS (e2e-tools: names such as caddy or caddy-2.10.2), GATEHOUSE_E2E_WITHOUT_PROCESSOR=1 (e2e: must fail),"
	@echo "  GATEHOUSE_TESTBED (a folder of installed programs that clones share), SAMPLING (bench-sampling) and ENDTOEND"
	@echo "  (bench-endtoend): flags, -help lists them; GATEHOUSE_LISTEN, GATEHOUSE_OUTPUT (run: an address, a folder)"

## Build and run

.PHONY: build
build: $(BINARY) ## build the distribution to _build/otelcol-gatehouse

# The builder writes the main package and its go.mod. That step takes a minute because it resolves every module, so it
# is done again only when the set of modules can have changed.
$(BUILD)/.generated: builder-config.yaml go.mod go.sum $(TOOLS)/builder
	@echo "==> writing the main package of otelcol-gatehouse and resolving its modules"
	$(TOOLS)/builder --config builder-config.yaml --skip-compilation
	@touch $@

$(BINARY): $(BUILD)/.generated $(SOURCES)
	@echo "==> compiling $@; the first time the whole Collector is compiled, which takes six minutes and more on two cores"
	cd $(BUILD) && CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o otelcol-gatehouse .
	@echo "==> built $@"

.PHONY: run
run: build ## start it on this machine (embedded:laptop) and say where to point a gateway
	@echo "==> otelcol-gatehouse, configuration $(CONFIG); Ctrl-C stops it. The addresses below are those of embedded:laptop."
	@echo "    OTLP/gRPC localhost:4317, OTLP/HTTP localhost:4318, Zipkin localhost:9411; access logs: Envoy's access log service"
	@echo "    localhost:19001, Kong's http-log http://localhost:9580 and tcp-log localhost:9581"
	@echo "    Gateways in containers: start with GATEHOUSE_LISTEN=0.0.0.0 and use this machine's address for localhost."
	@echo
	@echo "    What to write into each gateway, for spans and access logs, is in docs/pointing-gateways.md. In short:"
	@echo "    to 4317        kgateway, Envoy Gateway, Istio, Envoy AI Gateway, Envoy (a cluster with HTTP/2, 127.0.0.1 and not localhost),"
	@echo "                   agentgateway, Traefik, nginx, Caddy before 2.11"
	@echo "    to 4318        Kong's opentelemetry plugin (http://localhost:4318/v1/traces), Caddy from 2.11 on (http://localhost:4318)"
	@echo "    sampling       agentgateway (randomSampling: true), Istio (a Telemetry object, randomSamplingPercentage: 100) and Kong"
	@echo "                   (tracing_instrumentations=all, tracing_sampling_rate=1) send few spans or none without"
	@echo
	@echo "    Output: spans and log records here, a few lines for each export; OTLP JSON in $${GATEHOUSE_OUTPUT:-_run}/"
	@echo "    Is it working? curl -s localhost:8888/metrics | grep gateway_semconv"
	@echo
	@GATEHOUSE_OUTPUT="$${GATEHOUSE_OUTPUT:-_run}" exec $(BINARY) --config $(CONFIG)

.PHONY: demo
demo: build ## replay what real gateways sent and show it before and after
	$(GO) run ./tests/demo --collector $(BINARY)

.PHONY: docker
docker: ## build the container image IMAGE
	docker build --build-arg GOPROXY -f distributions/otelcol-gatehouse/Dockerfile -t $(IMAGE) .

## Test

.PHONY: test
test: ## run every test that needs nothing but Go
	$(GO) test ./...

.PHONY: test-race
test-race: ## run the tests of the core with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./internal/... ./processor/... ./receiver/...

# The assets are an absolute path, because go test runs each package's tests in that package's folder.
.PHONY: test-kube
test-kube: ## test the manifests, their rights and gateway_identity against a real Kubernetes API server
	@$(MAKE) --no-print-directory e2e-tools PROGRAMS="etcd kubernetes"
	GATEHOUSE_KUBE_ASSETS=$$(echo $(abspath $(TESTBED))/{etcd,kubernetes}-*/bin | tr ' ' ':') \
		$(GO) test -tags e2e -count=1 -p 1 ./internal/kube/... ./processor/gatewayidentityprocessor ./components

.PHONY: e2e-tools
e2e-tools: ## install the real programs that e2e needs into _build/testbed (once; python3 with venv; PROGRAMS names others)
	$(GO) run ./tests/testbed/install $(PROGRAMS)

.PHONY: e2e-tools-all
e2e-tools-all: ## install every program of the test bed, Kubernetes included (about an hour on two cores, once)
	$(GO) run ./tests/testbed/install -all $(PROGRAMS)

# A program that cannot be installed fails the run and does not keep the other cases from it. The table is printed at the
# end, because go test keeps to itself what a package that passed wrote.
define run-e2e
@status=0; $(MAKE) --no-print-directory $(1) || status=$$?; rm -f $(TESTBED)/report.txt; \
GATEHOUSE_BINARY="$(abspath $(BINARY))" $(GO) test -tags e2e -count=1 -p 1 -timeout 28m ./tests/testbed/... ./tests/e2e/... || status=$$?; \
echo; cat $(TESTBED)/report.txt 2>/dev/null; exit $$status
endef

.PHONY: e2e
e2e: build ## test the built binary with real gateways and recorded payloads; what needs e2e-tools-all is skipped without
	$(call run-e2e,e2e-tools)

.PHONY: e2e-all
e2e-all: build ## the same with every program
	$(call run-e2e,e2e-tools-all)

# The results before these are kept as previous.txt, and the two are compared.
.PHONY: bench
bench: $(TOOLS)/benchstat ## run the benchmarks matching BENCH, COUNT times, into tests/bench/latest.txt and compare with the last
	@set -eo pipefail; \
	out=tests/bench; mkdir -p $$out; \
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./internal/gateway/... ./processor/... | tee $$out/running.txt; \
	if [ -f $$out/go.mod ]; then \
		(cd $$out && $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -timeout 60m ./...) | tee -a $$out/running.txt; \
	fi; \
	if [ -f $$out/latest.txt ]; then mv $$out/latest.txt $$out/previous.txt; fi; \
	mv $$out/running.txt $$out/latest.txt; \
	if [ -f $$out/previous.txt ]; then $(TOOLS)/benchstat $$out/previous.txt $$out/latest.txt; fi

# The tables go to standard output; SAMPLING are its flags, -help lists them. It takes ten to twenty minutes.
.PHONY: bench-sampling
bench-sampling: ## measure gateway_tail_sampling beside contrib's tail_sampling: memory, collections, speed, delay
	cd tests/bench && $(GO) run ./sampling $(SAMPLING)

# Prints the tables of tests/bench/README.md; ENDTOEND are its flags. It takes about eight minutes, and the first time two
# more on an idle machine to build the Collector with contrib's processors.
.PHONY: bench-endtoend
bench-endtoend: build $(CONTRIBCOL) ## measure the built binary beside a Collector with contrib's processors, and check that requests stay whole
	cd tests/bench && $(GO) run ./load/endtoend -gatehouse $(abspath $(BINARY)) -contrib $(abspath $(CONTRIBCOL)) $(ENDTOEND)

$(CONTRIBCOL): tests/bench/load/endtoend/contrib-builder.yaml $(TOOLS)/builder
	@echo "==> building the Collector with contrib's processors"
	$(TOOLS)/builder --config $< --skip-compilation
	cd $(@D) && CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o $(@F) .

.PHONY: soak
soak: ## give gateway_tail_sampling twice what it can hold for a minute, with a backend that is down for a third of it
	cd tests/bench && $(GO) test -tags soak -count 1 -run Soak -v -timeout 10m ./sampling

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME
	@failed=0; \
	for dir in $$(find . -name '_*' -prune -o -name '*_test.go' -exec grep -l '^func Fuzz' {} + | xargs -n 1 dirname | sort -u); do \
		targets=$$($(GO) test -list '^Fuzz' $$dir | grep '^Fuzz') || { echo "==> $$dir: cannot list its fuzz targets"; failed=1; continue; }; \
		for target in $$targets; do \
			echo "==> $$dir $$target for $(FUZZTIME)"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$dir || failed=1; \
		done; \
	done; \
	exit $$failed

## Keep the sources in order

.PHONY: fmt
fmt: $(TOOLS)/golangci-lint ## format the Go sources
	$(TOOLS)/golangci-lint fmt

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## lint the Go sources and check their format
	@set -e; for module in $(LINTED); do \
		echo "==> golangci-lint run, module $$module"; \
		(cd $$module && $(abspath $(TOOLS))/golangci-lint run --config $(abspath .golangci.yml) ./...); \
	done

.PHONY: tidy
tidy: ## tidy the go.mod of every module
	@set -e; for module in $(MODULES); do echo "==> go mod tidy, module $$module"; $(GO) -C $$module mod tidy; done

.PHONY: generate
generate: ## write the generated code and documents again
	$(GO) generate ./...
	@# mdatagen v0.158.0 knows where OpenTelemetry's own distributions are, and links any other one to nowhere.
	@for readme in */*/README.md; do sed '/^\[otelcol-gatehouse\]: $$/d' $$readme > $$readme.new && mv $$readme.new $$readme; done

# Runs make targets and fails when a file differs afterwards. Content is compared and not with git's last commit, so that
# it tells the truth in the middle of somebody's work too.
define unchanged
@mkdir -p $(BUILD)
@$(fingerprint) > $(BUILD)/before.sum
@$(MAKE) --no-print-directory $(1)
@$(fingerprint) > $(BUILD)/after.sum
@cmp -s $(BUILD)/before.sum $(BUILD)/after.sum || { \
	echo "make $(1) changes these files; commit what it writes:"; \
	diff $(BUILD)/before.sum $(BUILD)/after.sum | sed -n 's/^[<>] [0-9]* [0-9]* /  /p' | sort -u; \
	exit 1; }
endef
fingerprint = { git ls-files -z --cached --others --exclude-standard | xargs -0 cksum 2>/dev/null || true; } | sort -u

.PHONY: check-generate
check-generate: ## fail when generate changes a file
	$(call unchanged,generate)

.PHONY: check
check: ## what to run before a commit: generate, fmt and tidy change nothing, then lint and test
	$(call unchanged,generate fmt tidy)
	@$(MAKE) --no-print-directory lint test

.PHONY: clean
clean: ## remove what the targets above wrote, tools and programs of the test bed included
	rm -rf $(BUILD) _run tests/bench/latest.txt tests/bench/previous.txt tests/bench/running.txt

# GOOS and GOARCH may ask for another machine's binary; the tools run on this one.
$(TOOLS)/builder: PACKAGE := go.opentelemetry.io/collector/cmd/builder
$(TOOLS)/golangci-lint: PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(TOOLS)/benchstat: PACKAGE := golang.org/x/perf/cmd/benchstat
$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	@echo "==> building the tool $* (once)"
	@mkdir -p $(TOOLS)
	@GOOS= GOARCH= CGO_ENABLED=0 $(GO) -C internal/tools build -o $(abspath $@) $(PACKAGE)
