"""The suite on Dropbox, as its API reference describes it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from storages.backends.dropbox import DropboxStorage
from storages.testing.conformance import StorageConformance
from tests.servers import Dropbox


class SmallDropboxStorage(DropboxStorage):
    """Smaller pages than users need: what is tested is faster."""

    page_size = 100


@pytest.fixture(scope="module")
def session(dropbox_server: Dropbox) -> Iterator[Any]:
    """Connections that stay open: new ones for each storage would take twice the time."""
    with dropbox_server.session() as session:
        yield session


class TestDropbox(StorageConformance):
    """The suite's `location` is a part of the path that is the root."""

    object_store = False
    keeps_directories = True
    ignores_case = True
    overwrite_option = "write_mode"
    offers = frozenset({"location"})
    many = 250
    lacks = frozenset({"content-type", "content-encoding", "url"})
    unsupported_names = frozenset(
        {" spaces around .txt ", "cafe\N{COMBINING ACUTE ACCENT}.txt"}  # stored as "café.txt"
    )

    # Here the option is `root_path`: see test_options.
    test_a_location_has_no_leading_slash = None
    test_a_subclass_changes_the_defaults = None
    test_a_subclass_computes_options = None
    test_a_subclass_sets_options_by_attributes = None
    test_deconstruct_tells_the_options = None
    test_options_win_over_attributes_and_those_over_settings = None
    test_pickles_keep_the_options = None
    test_deleting_the_location_is_an_error = None
    # The service gives links, and no link tells a name.
    test_no_name_replaces_the_host = None

    @pytest.mark.parametrize("feature", ["file_overwrite"])
    def test_an_unknown_option_is_an_error(self, make_storage: Any, feature: str) -> None:
        super().test_an_unknown_option_is_an_error(make_storage, feature)

    def overwriting(self, yes: bool) -> dict[str, Any]:
        return {"write_mode": "overwrite" if yes else "add"}

    @pytest.fixture
    def make_storage(
        self, dropbox_server: Dropbox, dropbox_root: str, session: Any
    ) -> Callable[..., Any]:
        found = dropbox_server.options(dropbox_root, client_options={"session": session})

        def make(**options: Any) -> SmallDropboxStorage:
            if location := options.pop("location", ""):
                options["root_path"] = f"{dropbox_root}/{location}"
            return SmallDropboxStorage(**(found | options))

        return make
