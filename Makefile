# Joulemark: measure the energy of AI inference on this machine.
# Every target makes the one environment it needs (.venv) when it is not there yet.

PYTHON ?= python3
SUITE ?=
WEIGHTS ?= synthetic
WEIGHTS_PATH ?=
PRICE_PER_HOUR ?=
OUT ?= results
TABLE ?= harness
JOULEMARK = .venv/bin/joulemark
BENCH_FLAGS = --out $(OUT) --weights $(WEIGHTS) \
	$(if $(WEIGHTS_PATH),--weights-path $(WEIGHTS_PATH)) \
	$(if $(PRICE_PER_HOUR),--price-per-hour $(PRICE_PER_HOUR))

.DEFAULT_GOAL := help
.PHONY: help bench demo doctor plan test check format perf perf-meter verify clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/.ready: pyproject.toml constraints.txt scripts/make_env.sh
	@PYTHON=$(PYTHON) sh scripts/make_env.sh

bench: .venv/.ready ## Measure: set up, doctor, plan, run, fit, report (SUITE=quick|standard|full, WEIGHTS, OUT)
	@$(JOULEMARK) doctor || true
	@$(JOULEMARK) bench $(SUITE) $(BENCH_FLAGS)

demo: .venv/.ready ## The same line on a pretend engine and a pretend meter, in half a minute; then an older README's example
	@JOULEMARK_METERS='constant:power_w=60;busy_w=40' $(JOULEMARK) bench demo --out out/demo \
		--weights-path busy=1,per_request_s=0.02,per_prompt_token_s=0.0002,per_output_token_s=0.004
	@echo
	@$(JOULEMARK) older

doctor: .venv/.ready ## What works here, what does not, why, and how to mend it
	@$(JOULEMARK) doctor

plan: .venv/.ready ## Cells, minutes, kWh and price before anything runs
	@$(JOULEMARK) plan $(if $(SUITE),$(SUITE),quick) --weights $(WEIGHTS) $(if $(PRICE_PER_HOUR),--price-per-hour $(PRICE_PER_HOUR))

verify: .venv/.ready ## Recompute every published number from raw readings
	@$(JOULEMARK) verify $(OUT)

test: .venv/.ready ## All tests that need no special hardware (most wait for windows of real time: four at once)
	@.venv/bin/python -m pytest -n 4 --dist loadfile

check: .venv/.ready ## The dev loop: format, lint, types, import contracts, docs, every test but the slow ones
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy bench
	@.venv/bin/lint-imports
	@.venv/bin/python -m pytest -n 4 --dist loadfile -m "not slow"

format: .venv/.ready ## Format and mend what can be mended
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

perf: .venv/.ready ## How well it does: TABLE=harness, meter, engines, coefficients, estimators (DATA=FOLDER of measured rows)
	@test -f scripts/perf_$(TABLE).py || { echo "no table $(TABLE); there are: harness, meter, engines, coefficients, estimators" >&2; exit 2; }
	@.venv/bin/python scripts/perf_$(TABLE).py

perf-meter: .venv/.ready ## How far the meter is from the truth, on simulated sensors (a quarter of an hour)
	@.venv/bin/python scripts/perf_meter.py

clean: ## Take the environment and caches away; results stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
