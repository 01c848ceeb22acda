# Everything here is a thin name for a go command: nothing but Go is needed,
# except for mpi (an MPI library and its mpicc), bench-pytorch (Python with PyTorch) and ci (see .ci/run).

GO ?= go
MPICC ?= mpicc
# The Python of bench-pytorch: a virtual environment with the newest PyTorch,
# made when it is missing. PYTHON=/usr/bin/python3 takes Debian's python3-torch.
VENV ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/meada-cpu-pytorch
PYTHON ?= $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help build mpi test bench bench-pytorch fuzz attack fmt dist ci

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build ./meada-cpu, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -o meada-cpu ./cmd/meada-cpu

mpi: ## build ./meada-cpu-mpi, one run on many machines (MPICC: mpicc of Open MPI or MPICH)
	CGO_ENABLED=1 CC="$(MPICC)" $(GO) build -trimpath -tags mpi -o meada-cpu-mpi ./cmd/meada-cpu

test: ## vet and test every package (MEADA_DATA=DIR adds the tests on real data)
	$(GO) vet ./...
	$(GO) test -timeout 30m ./...

bench: ## products and convolutions against gonum and the CPU's limits, gain of threads -> bench/results
	cd bench && $(GO) run .
	cd bench && $(GO) run . -scaling

bench-pytorch: $(PYTHON) ## the same beside PyTorch's, then steps of the networks on all CPUs (16 GB)
	cd bench && $(GO) run . -pytorch -python $(PYTHON)
	cd bench && $(GO) run . -networks -threads 0 -python $(PYTHON)

$(VENV)/bin/python:
	python3 -m venv "$(VENV)"
	"$(VENV)/bin/pip" install torch torchvision timm || { rm -f "$(VENV)/bin/python"; exit 1; }

fuzz: ## fuzz every parser, one after the other, for FUZZTIME (10m) each
	.ci/run fuzz

attack: ## damage files, kill runs, draw shapes, for ATTACK_TIME (10m) each; MEADA_SEED repeats one
	MEADA_ATTACK=1 ATTACK_TIME=$${ATTACK_TIME:-10m} $(GO) test -count=1 -timeout 24h -v -p 1 -parallel 1 \
		-run '^(TestAttack.*|TestDamagedRunFolder)$$' ./conv ./train/nn ./internal/run ./cmd/meada-cpu

fmt: ## format the Go files
	gofmt -w .

dist: ## a release in ./dist: archives of every platform, checksums, SBOM, licences
	rm -rf dist
	$(GO) run ./tools/dist

ci: ## everything continuous integration runs; .ci/run STAGE runs one stage of it
	.ci/run
