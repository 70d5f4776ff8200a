# Every verb is a short script in .make; continuous integration calls the same ones.
.DEFAULT_GOAL := help
.PHONY: help run demo test build check test-rust test-wasm test-browser faults bench-chat bench-chat-browser bench-events bench-pages watch size screenshots deny clean

run: ## Bring what is missing, build, and serve on http://127.0.0.1:3000
	@exec .make/run.sh

demo: ## The same, with invented teachers of whom some are really live
	@exec .make/run.sh --demo

test: ## Bring what the tests need besides, and run all of them
	@exec .make/test.sh

build: ## Build the release: the server and its site
	@.make/tools.sh build && .make/build.sh

check: ## The quick part of the tests: format, rules, lints, documentation
	@exec .make/test.sh checks

test-rust: ## Unit, repository and HTTP tests
	@exec .make/test.sh rust

test-wasm: ## Tests of the browser's side, in a browser
	@exec .make/test.sh wasm

test-browser: ## Playwright against the release build; ONLY=account limits it to some files
	@exec .make/test.sh browser

faults: ## Kill, stop and starve servers, Redis and PostgreSQL under load, and show what was seen
	@exec .make/faults.sh

bench-chat: ## How quickly a room of a thousand hears what is said
	@exec .make/bench-chat.sh

bench-chat-browser: ## How long the frames of a page take while its chat is busy
	@exec .make/bench-chat.sh browser

bench-events: ## How quickly and at what cost thousands of pages hear of something
	@exec .make/bench-events.sh

bench-pages: ## How many home pages a second, and how quickly, while streams start and stop
	@exec .make/bench-pages.sh

watch: ## Develop: rebuild, restart and reload the browser on every change
	@exec .make/watch.sh

size: ## What a first visit downloads, from the last release build
	@node .make/size.mjs

screenshots: ## Every page at three widths, dark and light, into target/screenshots
	@exec .make/screenshots.sh

deny: ## Licences, sources and advisories of all dependencies (needs cargo-deny)
	@cargo deny check

clean: ## Remove what was built; accounts and recordings in data/ stay
	@cargo clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile
