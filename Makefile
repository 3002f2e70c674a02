# Every target makes .venv by itself; python3 (3.11 or newer) and make are all that it takes.
LOGS ?= sample_logs
REPORT ?= build/report.html
PORT ?= 8501

BIN := .venv/bin
READY := .venv/.ready

.PHONY: help ingest dashboard report test test-pages test-slow test-model lab lab-part lab-check lint demo benchmark docs constraints clean

help:
	@echo "make ingest [LOGS=path]     read logs into data/lake (the sample logs, when no path is given)"
	@echo "make dashboard [PORT=8501]  open the page on the lake"
	@echo "make report [REPORT=file]   write the report"
	@echo "make demo                   the sample week: its alerts, its report, its page"
	@echo "make test | test-slow       the tests; those that take longer"
	@echo "make test-pages             the page in a real Chromium"
	@echo "make test-model             2,000 sequences of the model of ingest: nothing lost, nothing doubled"
	@echo "make lab | lab-check        real servers, real faults, their logs in build/lab; how well they are read"
	@echo "make lint                   ruff and mypy"
	@echo "make benchmark              throughput beside DuckDB's readers, chdb, polars, lnav and GoAccess"
	@echo "make docs                   write the generated parts of the documentation again"
	@echo "make clean                  remove all that make made, except the lake in data/"

$(READY): pyproject.toml constraints.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "why401 needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	python3 -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

ingest: $(READY)
	$(BIN)/why401 ingest $(LOGS)

dashboard: $(READY)
	$(BIN)/why401 dashboard --port $(PORT)

report: $(READY)
	$(BIN)/why401 report -o $(REPORT)

test: $(READY)
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow and not browser"

# alone, since one of them takes the time that a visitor waits
test-pages: $(READY)
	$(BIN)/pytest -m browser

test-slow: $(READY)
	$(BIN)/pytest -n 2 --dist loadgroup -m slow

test-model: $(READY)
	WHY401_MODEL_SEQUENCES=$${WHY401_MODEL_SEQUENCES:-2000} $(BIN)/pytest -n 2 --durations=3 tests/model

lab: $(READY)
	$(BIN)/python -m tests.lab

# two authorization servers, two gateways, ten faults
lab-part: $(READY)
	$(BIN)/python -m tests.lab --out build/lab-part --only oidc_provider authlib nginx envoy --fault \
		nothing wrong_secret unknown_client code_replayed pkce_wrong refresh_unknown redirect_uri_mismatch \
		token_expired token_missing insufficient_scope upstream_down
	$(BIN)/python -m tests.lab.check build/lab-part

lab-check: $(READY)
	$(BIN)/python -m tests.lab.check

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

demo: $(READY)
	$(BIN)/why401 ingest sample_logs/week --lake build/demo/lake
	$(BIN)/why401 alerts --lake build/demo/lake
	$(BIN)/why401 report --lake build/demo/lake -o build/demo/report.html
	$(BIN)/why401 dashboard --lake build/demo/lake --port $(PORT)

benchmark: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation -e ".[bench]"
	$(BIN)/python -m benchmarks.throughput

docs: $(READY)
	$(BIN)/python -m docs.generate

# needs uv on the PATH; what is written names no index and no URL
constraints:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-header --no-annotate --extra dev pyproject.toml -o constraints.txt

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
