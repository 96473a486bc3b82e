"""The matrix: every scenario that both packages go through."""

from scenarios import configured, content, names, public, static, storing, urls

MODULES = (storing, content, names, urls, public, configured, static)


def every():
    found = [scenario for module in MODULES for scenario in module.scenarios()]
    ids = [scenario.id for scenario in found]
    if len(ids) != len(set(ids)):
        raise ValueError(f"Scenario ids must be unique: {sorted(ids)}")
    return found
