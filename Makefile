# What one does with Tasker, by name. The work itself is in .ci/; `make help` lists the targets.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# Prerequisites run in the order written, also under -j: ninja and ctest use the cores.
.NOTPARALLEL:

VENV := build/venv

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

.PHONY: install
install: ## install what is missing of what the build needs (Debian packages)
	@.ci/install-packages build

.PHONY: install-test
install-test: ## install what the tests need beside that
	@.ci/install-packages build test

.PHONY: build
build: install ## build everything; the programs come to build/bin/taskerd and build/bin/tasker
	@.ci/build

.PHONY: programs
programs: install ## build taskerd and tasker alone
	@.ci/build bin/taskerd bin/tasker

.PHONY: venv
venv: install ## make the Python environment of the Python client in build/venv
	@clients/python/setup-venv $(VENV)

.PHONY: clients
clients: install-test programs venv ## make the clients of all languages ready, with their tool chains
	@.ci/build bin/conformance_handler
	@clients/ruby/setup
	@clients/typescript/setup
	@clients/go/setup

.PHONY: conformance
conformance: clients ## drive each client through the handler protocol, and print the table: CLIENT=ruby for one
	@$(VENV)/bin/python tests/conformance/run.py \
	  $(if $(CLIENT),--client $(CLIENT)=clients/$(CLIENT)/conformance/run)

.PHONY: generators
generators: build clients ## build and test what each generator writes, each in a folder of its own
	@GENERATORS=all $(VENV)/bin/python -m pytest -q tests/generators

.PHONY: demo
demo: programs venv ## run one order through taskerd and a Python handler, and watch it
	@$(VENV)/bin/python clients/python/examples/order_process/demo.py \
	  --taskerd build/bin/taskerd --tasker build/bin/tasker

.PHONY: test
test: install-test build clients ## build and run all tests, and the checks of protos and chart
	@.ci/test

.PHONY: simulate
simulate: install ## live many lives of the engine: SEEDS=100000 FIRST_SEED=1
	@.ci/build bin/simulation_test
	@SEEDS=$(or $(SEEDS),100000) FIRST_SEED=$(or $(FIRST_SEED),1) \
	  build/bin/simulation_test --gtest_filter='Simulation.*'

.PHONY: crash
crash: build venv ## kill taskerd under load, with power cuts and bad disks: KILLS=100 SEED=1
	@$(VENV)/bin/python tests/crash/run.py --kills $(or $(KILLS),100) --seed $(or $(SEED),1) \
	  --power-cuts --faults

.PHONY: events
events: build venv ## kill consumers and taskerd, and look for missing events: EVENTS=200000 SUBSCRIPTIONS=20 SEED=1
	@$(VENV)/bin/python tests/events/run.py --events $(or $(EVENTS),200000) \
	  --subscriptions $(or $(SUBSCRIPTIONS),20) --seed $(or $(SEED),1)

.PHONY: fuzz
fuzz: install ## throw bytes at all that parses: SECONDS=60 for each target, or one TARGET=store
	@.ci/install-packages fuzz
	@.ci/fuzz $(or $(SECONDS),60) $(TARGET)

.PHONY: asan
asan: install-test venv ## build with AddressSanitizer and UBSan in build/asan, and run all tests
	@.ci/sanitize address

.PHONY: tsan
tsan: install-test venv ## build with ThreadSanitizer in build/tsan, and run all tests
	@.ci/sanitize thread

.PHONY: coverage
coverage: install ## how much of the engine its tests run; fails below 95 % of lines
	@.ci/install-packages lint
	@.ci/coverage

# Recorded workflows to measure: files, or a folder of them, that lie beside the product.
INSTANCES ?= $(wildcard ../shared/data/wfinstances)

.PHONY: bench
bench: install ## measure the table of docs/performance.md; BENCH_ARGS='--short', or see `tasker bench all --help`
	@.ci/build bin/taskerd bin/tasker
	@build/bin/tasker bench $(addprefix --instance ,$(INSTANCES)) all $(BENCH_ARGS)

.PHONY: bench-growth
bench-growth: install ## draw how the cost of a step grows, into docs/growth
	@.ci/build bin/taskerd bin/tasker
	@build/bin/tasker bench growth --folder docs/growth $(BENCH_ARGS)

.PHONY: bench-micro
bench-micro: install ## what the parts cost alone, and the machine's floor; BENCH_ARGS for each program
	@.ci/install-packages bench
	@cmake build > /dev/null && .ci/build micro_benches
	@for bench in core codec store event template floor; do \
	  echo "--- $$bench"; build/bin/$${bench}_bench $(BENCH_ARGS) || exit 1; done

.PHONY: bench-subscribers
bench-subscribers: install ## what 0 to 1,000 subscribers cost the engine, and what they get
	@.ci/build bin/taskerd bin/tasker bin/subscribers_bench
	@build/bin/subscribers_bench $(BENCH_ARGS)

.PHONY: bench-recovery
bench-recovery: install ## how long a start takes: BENCH_ARGS='--finished 1000000 --open 100000'
	@.ci/build bin/taskerd bin/recovery_bench
	@build/bin/recovery_bench $(BENCH_ARGS)

.PHONY: bench-templates
bench-templates: install ## how long a folder of templates takes: BENCH_ARGS='--templates 1000 --steps 50'
	@.ci/build bin/taskerd bin/templates_bench
	@build/bin/templates_bench $(BENCH_ARGS)

.PHONY: proto-lint
proto-lint: install-test ## check the protos by buf's STANDARD rules and its layout
	@.ci/proto-lint

.PHONY: helm-check
helm-check: install-test programs ## lint and render the chart, and have taskerd check its settings
	@.ci/helm-check

.PHONY: lint
lint: build ## check layout, clang-tidy's list and the protos; FILES='a.cc b.cc' for some alone
	@.ci/install-packages lint test
	@.ci/lint $(FILES)

.PHONY: format
format: ## lay out C++ and protos as checked in
	@.ci/install-packages lint test
	@git ls-files '*.h' '*.cc' | xargs -r clang-format -i
	@.ci/buf format -w protos

.PHONY: clean
clean: ## remove what was built
	rm -rf build
