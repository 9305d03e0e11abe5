# `make help` lists the targets. What a target needs and is not there, it installs: see scripts/need.sh.
SHELL := bash
NEED := scripts/need.sh
RUN := source scripts/env.sh &&
LEAN := source scripts/env.sh && source scripts/lean.sh &&
PORT ?= 8080
BROWSERS ?= firefox webkit

.PHONY: help serve build examples test size size-detail bench fmt lint doc pkg fuzz soak soak-cli browsers nats-go crash clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

serve: ## build the page and serve it at http://127.0.0.1:$(PORT)/, again after each change
	@$(NEED) wasm-target rust-src wasm-bindgen trunk wasm-split wasm-opt
	$(LEAN) trunk serve --offline --release --port $(PORT)

build: ## the static site in dist/; works from any folder of any host
	@$(NEED) wasm-target rust-src wasm-bindgen trunk wasm-split wasm-opt
	$(LEAN) trunk build --offline --release --public-url ./

examples: ## target/release/examples/{server,nats}
	cargo build --release --no-default-features --examples

test: ## every test; the last line is 'N passed, N failed'
	@python3 scripts/test.py $(SUITES)

size: build ## raw and brotli bytes of dist/; fails above the budget
	@$(RUN) node scripts/size.mjs

size-detail: build ## which code each file of wasm consists of; ARGS=--functions names the largest
	@$(RUN) node scripts/size-detail.mjs $(ARGS)

bench: examples pkg ## speed beside nats-server; writes BENCHMARKS.md
	@$(NEED) nats nats-server chromium node_modules wasm-target rust-src wasm-bindgen
	$(RUN) scripts/nats-js.sh
	$(RUN) python3 scripts/bench.py

fmt: ## format the code
	cargo fmt

lint: ## rustfmt, clippy and rustdoc, without a warning
	@python3 scripts/test.py fmt clippy clippy-page doc

doc: ## the crate's documentation in target/doc
	cargo doc --no-deps --no-default-features

pkg: ## the npm package in pkg/
	@$(NEED) wasm-target rust-src wasm-bindgen wasm-pack wasm-opt
	$(LEAN) scripts/pkg.sh

fuzz: ## every fuzz target, FUZZ_SECONDS each
	@$(NEED) cargo-fuzz
	$(RUN) scripts/fuzz.sh

soak: ## the differential tests against nats-server, 20,000 sequences
	@$(NEED) nats-server
	$(RUN) SEQUENCES=20000 cargo test --release --no-default-features --test differential -- --nocapture

soak-cli: examples ## random sessions of command lines beside the real nats and nats-server, SECONDS long from SEED
	@$(NEED) nats nats-server
	$(RUN) PYTHONPATH=tests python3 -m soak_cli

browsers: build ## the wasm tests in Firefox, and the walkthrough in BROWSERS: "firefox webkit"
	@$(NEED) node_modules wasm-bindgen wasm-pack $(BROWSERS)
	$(if $(filter firefox,$(BROWSERS)),$(RUN) BROWSER=firefox scripts/web-test.sh)
	$(RUN) BROWSERS="$(BROWSERS)" node --test tests/browsers/*.test.mjs

nats-go: examples ## the own tests of nats.go, jsm.go and nats-server against the server (20 minutes); ARGS=PATTERN for some of them
	@$(NEED) nats.go jsm.go nats-server node_modules
	$(RUN) for library in nats.go jsm.go nats-server; do SERVER_BIN=target/release/examples/server node tests/nats_go/run.mjs $$library $(ARGS) || exit 1; done

crash: examples ## kill -9 the server under load, again and again; every acknowledged write must be there
	$(RUN) python3 tests/crash.py

clean: ## remove what was built (not the tools)
	rm -rf target dist pkg
