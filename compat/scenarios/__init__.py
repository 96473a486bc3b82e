"""The matrix: every scenario that both packages go through."""

from scenarios import (
    azure,
    configured,
    content,
    dropbox,
    ftp,
    google,
    libcloud,
    names,
    public,
    sftp,
    static,
    storing,
    urls,
)

# The longest first, so that the jobs end at about the same time.
MODULES = (
    static,
    storing,
    content,
    names,
    urls,
    public,
    configured,
    google,
    azure,
    ftp,
    sftp,
    libcloud,
    dropbox,
)


def every():
    found = [scenario for module in MODULES for scenario in module.scenarios()]
    ids = [str(scenario) for scenario in found]
    if len(ids) != len(set(ids)):
        raise ValueError(f"Scenario ids must be unique: {sorted(ids)}")
    return found
