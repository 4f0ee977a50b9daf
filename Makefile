# The commands that everyone expects; what they do is in xtask and in the binary.

CARGO ?= cargo
# Optimised for use, without the long link of a release.
PROFILE ?= fast
BIN = target/$(PROFILE)

.PHONY: up down status test bench bench-quick deps build fmt lint clean

## up: install what is missing, build, start a sharded cluster with the demo data
up: deps build
	$(BIN)/vitrum up --demo

## down: stop the cluster (make down WIPE=1 removes its data)
down:
	$(BIN)/vitrum down $(if $(WIPE),--wipe)

## status: show the parts of the cluster
status:
	$(BIN)/vitrum status

## test: everything that a change must pass, on real MySQL
test:
	$(CARGO) xtask ci

## bench: plain MySQL, MySQL Router and Vitrum in turns; half an hour on a quiet machine
bench:
	$(CARGO) xtask bench

## bench-quick: the cases that the targets are about, in under four minutes
bench-quick:
	$(CARGO) xtask bench --quick

## deps: bring a mysqld where there is none
deps:
	$(CARGO) xtask deps

build:
	$(CARGO) build --profile $(PROFILE) -p vitrum

fmt:
	$(CARGO) fmt --all

lint:
	$(CARGO) clippy --workspace --all-targets -- -D warnings

clean:
	$(CARGO) clean
