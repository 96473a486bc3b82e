# Each command makes its own virtual environment under .venv/ and installs what it needs.
PYTHON ?= $(shell sh scripts/find_python.sh)
ARGS ?=

.PHONY: help demo test test-newest check format bench compat docs clean

help:
	@echo 'make demo         a Django site with its pictures on an S3 server, in your browser'
	@echo 'make test         all tests, on real servers      ARGS="-k links"'
	@echo 'make test-newest  the same on the newest Python with the newest Django'
	@echo 'make check        ruff, mypy, and whether the tables of the docs are up to date'
	@echo 'make format       ruff, and the tables of the docs made anew'
	@echo 'make bench        side by side with django-storages and others    ARGS="--quick"'
	@echo 'make compat       what each of the two writes, the other reads'
	@echo 'make docs         the documentation, as HTML in site/'
	@echo 'make clean        removes all that these commands made'

.venv/%: FORCE
	@python="$(PYTHON)"; test -n "$$python" && "$$python" scripts/environment.py $*
FORCE:

demo: .venv/demo
	.venv/demo/bin/python demo/run.py $(ARGS)

test: .venv/test
	@.venv/test/bin/python scripts/programs.py
	.venv/test/bin/python -m pytest -n 2 --dist loadscope $(ARGS)

test-newest:
	$(MAKE) .venv/newest PYTHON="$$(sh scripts/find_python.sh --newest)"
	@.venv/newest/bin/python scripts/programs.py
	.venv/newest/bin/python -m pytest -n 2 --dist loadscope -m "not variant" $(ARGS)

check: .venv/lint
	.venv/lint/bin/ruff check .
	.venv/lint/bin/ruff format --check .
	.venv/lint/bin/mypy
	.venv/lint/bin/python scripts/docs_tables.py --check

format: .venv/lint
	.venv/lint/bin/ruff check --fix .
	.venv/lint/bin/ruff format .
	.venv/lint/bin/python scripts/docs_tables.py

bench: .venv/bench .venv/peer .venv/programs
	@.venv/bench/bin/python scripts/programs.py sshd vsftpd
	.venv/bench/bin/python benchmarks/run.py --peer-python .venv/peer/bin/python \
		--our-python .venv/bench/bin/python --programs .venv/programs/bin $(ARGS)

compat: .venv/compat .venv/peer
	@.venv/compat/bin/python scripts/programs.py azurite-blob sshd
	.venv/compat/bin/python compat/run.py --peer-python .venv/peer/bin/python \
		--our-python .venv/compat/bin/python $(ARGS)

docs: .venv/docs
	.venv/docs/bin/python scripts/docs_tables.py
	.venv/docs/bin/mkdocs build --strict

clean:
	rm -rf .venv site build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
