# Proscenium: every target does the set-up that it needs, once.
#   make hil          design, generate, build, run on the virtual board, compare, report
#   make quick        the unit tests, in less than two minutes
#   make test         all tests: units, virtual boards, compilers, browsers and documents
#   make check        linters, type checker and static analysis
#   make flash        BOARD=virtual|qemu|stm32f405|stm32f407|stm32h743|mps2-an500|mps3-an547 [PORT=/dev/ttyACM0]
#   make coefficients LAYOUT=layouts/mine.toml
#   make lab          labgrid, for the regression on boards of a lab
#   make docs         the documentation and the API reference, in build/site
#   make bench        instructions of kernels and layouts beside their peers', tables beside rounding
LAYOUT ?= front3
BOARD  ?= virtual
PORT   ?=
INPUT  ?=

SHELL  := /bin/bash
# A value of the user's as one word of the shell, whatever it holds.
quoted  = '$(subst ','\'',$(value $(1)))'
VENV   := .venv
# CMSIS-DSP's build calls cmake by name: the environment's own comes first.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
PYTHON ?= python3
PIP    := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet
RUN    := $(VENV)/bin/proscenium
CMSIS  := $(VENV)/share/cmsis-dsp-1.10.3
SVD    := $(VENV)/share/STM32F40x.svd
AXE    := $(VENV)/share/axe.min.js

# What the project needs of Debian, by package, and what only its tests and checks need; what is missing is installed.
PACKAGES      := gcc g++ make python3-venv python3-dev gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm \
                 openocd asc-music libmysofa1
# The sanitizers' runtime carries the version of Debian's clang in its name.
CLANG_RUNTIME := $(shell . /etc/os-release 2>/dev/null; \
                 [ "$$VERSION_ID" = 12 ] && echo libclang-rt-14-dev || echo libclang-rt-dev)
TEST_PACKAGES := clang $(CLANG_RUNTIME) cppcheck clang-tidy chromium gdb-multiarch espeak-ng frozen-bubble-data
BENCH_PACKAGES := faust llvm

# Tests run on every core. A file stays on one worker, since its tests share what its fixtures build: designs, images and
# boards. Files of tests do not share anything that is written: objects are compiled to a name of their own and moved
# into the cache, boards and browsers get ports and directories of their own. tests/conftest.py orders the files.
PYTEST := $(VENV)/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: bench docs fuzz hil lab quick test flash coefficients check setup clean distclean
.DELETE_ON_ERROR:

# A board at a port has its name before the port; without a port it is the virtual board of that name, or QEMU's.
VIRTUAL := $(if $(filter virtual,$(BOARD)),virtual:stm32f405,$(if $(filter stm32f407 stm32h743,$(BOARD)),virtual:$(BOARD),\
           $(if $(filter virtual:% qemu:%,$(BOARD)),$(BOARD),qemu:$(patsubst qemu,stm32f405,$(BOARD)))))
AT_PORT := $(if $(filter stm32f407 stm32h743,$(BOARD)),$(BOARD):)

hil: setup
	$(if $(filter stm32f405,$(BOARD)),$(if $(PORT),,$(error BOARD=stm32f405 needs PORT, such as PORT=/dev/ttyACM0)))
	$(VENV)/bin/python -m pytest hil_tests -v --tb=short --no-header --layout $(call quoted,LAYOUT) \
	  --board $(if $(value PORT),$(AT_PORT)$(call quoted,PORT),$(call quoted,VIRTUAL)) \
	  --junitxml "build/$$(basename $(call quoted,LAYOUT) .toml)/hil.xml" $(if $(value INPUT),--input $(call quoted,INPUT))

quick: setup
	$(PYTEST) tests/unit

test: $(VENV)/.test-packages setup lab $(SVD) $(AXE)
	$(PYTEST) --junitxml build/test.xml

flash: setup
	$(RUN) flash $(call quoted,LAYOUT) --board $(call quoted,BOARD) $(if $(value PORT),--port $(call quoted,PORT))

coefficients: setup
	$(RUN) generate $(call quoted,LAYOUT)

check: $(VENV)/.test-packages setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/clang-format --dry-run --Werror $$(git ls-files 'firmware/*.[ch]')
	$(VENV)/bin/python -m pytest -q tests/toolchain/firmware/test_static_analysis.py tests/unit/test_sentences.py

# Ten million executions of the parser, the commands and the validation of tables, with sanitizers.
fuzz: $(VENV)/.test-packages setup
	$(VENV)/bin/python -m hil_tests.harness.fuzz --runs $(or $(RUNS),10000000)

# Instructions of kernels and layouts beside their peers', tables beside rounding: build/bench.json.
bench: $(VENV)/.bench-packages setup $(VENV)/.bench-tools
	$(VENV)/bin/python -m benchmarks.bench

# The site stands on its own: no page asks the network for anything. A broken link or a missing reference fails.
docs: $(VENV)/.docs-tools
	$(VENV)/bin/sphinx-build --builder html --conf-dir docs/site --fail-on-warning --keep-going --quiet \
	  --doctree-dir build/doctrees --jobs auto . build/site
	@echo "build/site/index.html"

setup: $(VENV)/.ready

# The stamps order the set-up: Debian's packages, the pinned tools to build with, CMSIS-DSP, the rest.
define install_packages
	@missing=$$(for p in $(1); do \
	  dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || echo $$p; done | xargs); \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" != 0 ]; then \
	    echo "Debian packages are missing. Install them with this line, then run make again:"; \
	    echo "  sudo apt-get update && sudo apt-get install --no-install-recommends $$missing"; exit 1; fi; \
	  echo "==> set-up: Debian packages: $$missing"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
	@mkdir -p $(VENV) && touch $@
endef

$(VENV)/.packages: Makefile
	$(call install_packages,$(PACKAGES))

$(VENV)/.test-packages: Makefile
	$(call install_packages,$(PACKAGES) $(TEST_PACKAGES))

$(VENV)/.bench-packages: Makefile
	$(call install_packages,$(PACKAGES) $(TEST_PACKAGES) $(BENCH_PACKAGES))

$(VENV)/.tools: requirements.txt requirements-build.txt | $(VENV)/.packages
	@echo "==> set-up 1/3: Python environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --no-deps -r requirements-build.txt
	@touch $@

$(CMSIS)/.ready: $(VENV)/.tools
	@echo "==> set-up 2/3: CMSIS-DSP source, hash-checked"
	@rm -rf $(CMSIS) $(VENV)/download && mkdir -p $(CMSIS) $(VENV)/download
	@awk '/^cmsisdsp==/ {on=1} on {print} on && !/\\$$/ {exit}' requirements.txt > $(VENV)/download/cmsisdsp.txt
	@$(PIP) download --require-hashes --no-deps --no-binary cmsisdsp --no-build-isolation \
	  --dest $(VENV)/download -r $(VENV)/download/cmsisdsp.txt
	@tar -xzf $(VENV)/download/cmsisdsp-1.10.3.tar.gz -C $(CMSIS) --strip-components 1 \
	  cmsisdsp-1.10.3/Source cmsisdsp-1.10.3/Include cmsisdsp-1.10.3/PrivateInclude cmsisdsp-1.10.3/LICENSE
	@touch $@

$(VENV)/.ready: requirements.txt pyproject.toml $(CMSIS)/.ready
	@echo "==> set-up 3/3: Python packages (CMSIS-DSP's module is compiled, about two minutes)"
	@$(PIP) install --require-hashes --no-deps --no-build-isolation -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.docs-tools: requirements-docs.txt | $(VENV)/.ready
	@echo "==> set-up for the documentation: Sphinx"
	@$(PIP) install --require-hashes --no-deps --no-build-isolation -r requirements-docs.txt
	@touch $@

$(VENV)/.bench-tools: requirements-bench.txt | $(VENV)/.ready
	@echo "==> set-up for the benchmarks: Atheris"
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r requirements-bench.txt
	@touch $@

# Only the test of the register definitions reads it.
$(SVD): requirements-svd.txt | $(VENV)/.ready
	@echo "==> set-up for the tests: the vendor's register description, hash-checked"
	@rm -rf $(VENV)/download && mkdir -p $(VENV)/download $(@D)
	@$(PIP) download --require-hashes --no-deps --no-binary cmsis-svd --no-build-isolation \
	  --dest $(VENV)/download -r requirements-svd.txt
	@tar -xzOf $(VENV)/download/cmsis-svd-0.4.tar.gz cmsis-svd-0.4/cmsis_svd/data/STMicro/STM32F40x.svd > $@
	@rm -rf $(VENV)/download

# labgrid, for boards in a lab. Its pyserial has the name of ours: it gets an environment of its own, which sees ours.
lab: $(VENV)/lab/.ready

$(VENV)/lab/.ready: requirements-lab.txt | $(VENV)/.ready
	@echo "==> set-up for a lab: labgrid in $(VENV)/lab"
	@$(VENV)/bin/python -m venv --without-pip $(VENV)/lab
	@$(PIP) --python $(VENV)/lab/bin/python install --require-hashes --no-deps -r requirements-lab.txt
	@echo 'import site, sys; site.addsitedir("%s/../lib/python%d.%d/site-packages" % (sys.prefix, *sys.version_info[:2]))' \
	  > $$($(VENV)/lab/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/main.pth
	@touch $@

# Only the test of the studio's accessibility runs it.
$(AXE): requirements-axe.txt | $(VENV)/.ready
	@echo "==> set-up for the tests: axe-core, hash-checked"
	@rm -rf $(VENV)/download-axe && mkdir -p $(VENV)/download-axe $(@D)
	@$(PIP) download --require-hashes --no-deps --dest $(VENV)/download-axe -r requirements-axe.txt
	@$(VENV)/bin/python -m zipfile -e $(VENV)/download-axe/*.whl $(VENV)/download-axe
	@mv $(VENV)/download-axe/axe_playwright_python/axe.min.js $@ && touch $@
	@rm -rf $(VENV)/download-axe

clean:
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)
