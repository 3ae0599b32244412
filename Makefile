# Everything one does here has a target; `make` lists them. CI runs `make check` (.ci/run).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# SwiftPM finds the native libraries that Scripts/setup built through pkg-config.
export PKG_CONFIG_PATH := $(CURDIR)/.native/prefix/lib/pkgconfig$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))

FLAGS := --explicit-target-dependency-import-check error
SWIFT_SOURCES = $(wildcard Package.swift Sources Tests Web Benchmarks Fuzz)
ADDRESS_SANITIZED := SpeechModelTests|SileroEngineTests|SpeechPipelineTests|LanesTests|ZMQEdgeTests|ApplicationTests
# TSan does not know Synchronization.Mutex on Linux, and crashes on the empty random generator of the ids.
THREAD_SANITIZED := SpeechPipelineTests|LanesTests|ZMQEdgeTests|FailoverNodeTests
MYNAH := .build/release/mynah

help: ## This table
	@printf 'Mynah: make TARGET\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: build ## Set up, build, and show live captions of a sample; then keep serving the page
	@$(MYNAH) demo

demo: build ## The same, but end after the sample
	@$(MYNAH) demo --once

setup: ## Install what building and running need (.native/ and Debian packages)
	@Scripts/setup

build: setup ## Build the release program
	swift build -c release --product mynah $(FLAGS)

test: ## Run every test, and print the line coverage
	@Scripts/setup --tests
	@rm -rf .build/coverage
	@Scripts/swift-tests --enable-code-coverage --parallel $(FLAGS)
	@Scripts/conformance
	@Scripts/coverage

check: lint check-docs test fuzz ## What CI runs: format, links, tests, coverage, fuzzing

lint:
	swift format lint --strict --recursive $(SWIFT_SOURCES)

check-docs: setup
	@Scripts/check-docs

fuzz:
	@if [[ -e Fuzz/Package.swift ]]; then Scripts/fuzz; fi

check-sanitizers: setup ## Run the tests of pure and threaded targets under ASan and TSan
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build-asan --filter '$(ADDRESS_SANITIZED)' $(FLAGS)
	swift test --sanitize=thread --scratch-path .build-tsan --filter '$(THREAD_SANITIZED)' $(FLAGS)

bench: build ## Run the benchmarks, each figure beside its limit
	@Scripts/setup --tests
	swift build -c release --product bench $(FLAGS)
	@Scripts/bench

fmt: ## Format the Swift sources
	swift format --in-place --recursive $(SWIFT_SOURCES)

docs: setup ## Make the reference pages (docs/) and the API reference (.build/docs)
	@Scripts/docs

clean: ## Remove what was built (what setup installed stays in .native/)
	rm -rf .build .build-*

.PHONY: help run demo setup build test check lint check-docs fuzz check-sanitizers bench fmt docs clean
