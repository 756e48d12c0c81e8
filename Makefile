# Rounds: `make demo` shows it, `make test` checks it. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
RUN := .venv/bin
PORT ?= 8080

.PHONY: help setup demo up down test lint bench drill screenshots contract

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## make .venv with everything in it; quick when nothing changed
	@deploy/dev/setup.sh

demo: setup ## a day in the sample city, the board at a printed URL; AREA=city.osm.pbf for a real one, ONCE=1 to stop after the first plan
	@$(RUN)/rounds demo --port $(PORT) $(if $(AREA),--area $(AREA)) $(if $(ONCE),--once --json) $(if $(BOOKINGS),--bookings $(BOOKINGS)) $(if $(NURSES),--nurses $(NURSES)) $(if $(DATA_DIR),--data $(DATA_DIR))

up: setup ## the whole distributed system in the background: Kafka, PostgreSQL, a process a room; DEMO=1 books a day, ROUTING=2 runs two of a room
	@$(RUN)/python -m deploy.dev.system up $(if $(DATA_DIR),--data $(DATA_DIR)) $(if $(AREA),--area $(AREA)) $(if $(DEMO),--demo) \
		$(foreach room,BOARD BOOKING GEOCODING ROUTING DISPATCH NURSE_APP,$(if $($(room)),--count $(shell echo $(room) | tr A-Z a-z)=$($(room))))

down: setup ## end it in order; what it knows stays below .data
	@$(RUN)/python -m deploy.dev.system down $(if $(DATA_DIR),--data $(DATA_DIR))

lint: setup ## ruff, mypy, import contracts
	@$(RUN)/ruff check
	@$(RUN)/ruff format --check
	@$(RUN)/mypy
	@$(RUN)/lint-imports

test: ## every check there is; closes on pytest's summary
	@deploy/dev/setup.sh test
	@$(MAKE) --no-print-directory lint
	@$(RUN)/pytest -n 2

drill: setup ## kill everything again and again on real Kafka and PostgreSQL, then check that nothing was lost or doubled; MINUTES=30
	@$(RUN)/python -m tests.drill --minutes $(or $(MINUTES),3)

bench: setup ## measure and print the tables of docs/benchmarks.md
	@$(RUN)/python -m tests.bench

screenshots: setup ## take the README's pictures of the board and the phone
	@$(RUN)/python -m tests.web.screenshots

contract: setup ## write the golden schemas, docs/events.md and docs/asyncapi.json from the code
	@$(RUN)/python -m shared.events.publish
