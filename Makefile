PYTHON ?= python3
RUN := $(PYTHON) -E -s tools/bootstrap.py

COMMANDS := audit bench book clean help install lab mutants page reroll site test test-browser
# what a command can be told, as in `make reroll SEEDS=20`; anything else is answered with this usage
TAKES_bench := ARGS
TAKES_lab := ARGS
TAKES_mutants := ARGS
TAKES_page := PAGE
TAKES_reroll := SEEDS
TAKES_test-browser := ARGS
GOALS := $(or $(MAKECMDGOALS),help)
UNKNOWN := $(filter-out $(COMMANDS),$(GOALS))
ifneq ($(UNKNOWN),)
$(error there is no command $(UNKNOWN); make help lists them)
endif
SAID := $(foreach name,$(.VARIABLES),$(if $(findstring command,$(origin $(name))),$(name)))
TAKEN := PYTHON $(foreach goal,$(GOALS),$(TAKES_$(goal)))
ifneq ($(filter-out $(TAKEN),$(SAID)),)
$(error usage: make $(GOALS)$(foreach name,$(filter-out PYTHON,$(TAKEN)), [$(name)=...]): it takes no $(filter-out $(TAKEN),$(SAID)))
endif
# what the environment has of that name is not meant
$(foreach name,ARGS SEEDS PAGE,$(if $(findstring command,$(origin $(name))),,$(eval $(name) :=)))

.PHONY: $(COMMANDS)

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r name text; do \
	  printf '%-18s %s\n' "$$name" "$$text"; done

install: ## install what is pinned (every other command does it when it is needed)
	@$(RUN)

book: ## execute every page, run every check, leave _build/html/index.html
	@$(RUN) tools/build.py

page: ## run one page's checks, fast: make page PAGE=elbo
	@$(RUN) tools/replay.py $(PAGE)

test: ## lint, unit tests, the book with warnings as errors, and its published notebooks again
	@$(RUN) -m ruff check .
	@$(RUN) tools/build.py
	@$(RUN) -m pytest -p tests.early -n 2 --dist loadfile --no-loadscope-reorder --nbval --nbval-current-env \
	  tests src/reparam _build/jupyter_execute

test-browser: book ## open every page in headless Chromium: accessibility, console, network, width, weight
	@tools/browser/run.sh $(ARGS)

reroll: ## execute the book under other seeds: make reroll SEEDS=20
	@$(RUN) tools/reroll.py $(or $(SEEDS),20)

mutants: ## change the helpers one place at a time and count who notices: make mutants ARGS="--each 20"
	@$(RUN) tools/mutate.py $(ARGS)

bench: ## measure the helpers against NumPy, plain loops and Pyro into benchmarks/results.json
	@$(RUN) benchmarks/run.py $(ARGS)

site: book ## the book as one folder that any web host can serve: _build/site
	@$(RUN) tools/publish.py

audit: ## ask PyPI and npm for advisories on what is pinned, where the network allows
	@$(RUN) tools/audit.py

lab: ## open the chapters as notebooks in JupyterLab, in a folder of your own: make lab ARGS=--author for the pages
	@$(RUN) tools/lab.py $(ARGS)

clean: ## remove what was built (the installation in .venv stays)
	@rm -rf _build
