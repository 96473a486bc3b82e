"""site: a folder of static files, and collectstatic over it; see `tests/static/site.py`."""

from pathlib import Path
from typing import Any

import pytest

from tests.static.site import Site


@pytest.fixture
def site(tmp_path: Path, settings: Any) -> Site:
    return Site(tmp_path / "static", settings)
