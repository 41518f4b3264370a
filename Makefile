PYTHON ?= python3
RUN := .venv/bin/python
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.PHONY: bench help book test test-browser reroll mutants lab clean install

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r name text; do \
	  printf '%-18s %s\n' "$$name" "$$text"; done

install:
	@$(PYTHON) tools/bootstrap.py

book: install ## execute every page, run every check, leave _build/html/index.html
	@$(RUN) tools/build.py

test: install ## lint, unit tests, the book with warnings as errors, and its published notebooks again
	@$(RUN) -m ruff check .
	@$(RUN) tools/build.py
	@$(RUN) -m pytest -n 2 --dist loadfile --nbval --nbval-current-env tests src/reparam _build/jupyter_execute

test-browser: book ## open every page in headless Chromium: accessibility, console, network, width, weight
	@tools/browser/run.sh

reroll: install ## execute the book under other seeds: make reroll SEEDS=20
	@$(RUN) tools/reroll.py $(or $(SEEDS),20)

mutants: install ## change the helpers one place at a time and count who notices: make mutants ARGS="--each 20"
	@$(RUN) tools/mutate.py $(ARGS)

bench: install ## measure the helpers against NumPy, plain loops and Pyro into benchmarks/results.json
	@$(RUN) benchmarks/run.py

lab: install ## open the chapters as notebooks in JupyterLab
	@$(RUN) tools/lab.py

clean: ## remove what was built (the installation in .venv stays)
	@rm -rf _build
