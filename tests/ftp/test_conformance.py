"""The suite on FTP: servers with MLSD and without, each with TLS and without, and an old one."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, ClassVar

import pytest

from storages.backends.ftp import FTPStorage
from storages.testing.conformance import StorageConformance
from tests.servers import Ftpd, FtpdTls, FtpServer, Vsftpd, VsftpdTls
from tests.servers.running import running


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[..., FtpServer]]:
    """The server of a kind, one at a time: the next one ends it."""
    started: list[tuple[Any, FtpServer]] = []
    with ExitStack() as stack:

        def serve(kind: type[FtpServer], **settings: Any) -> FtpServer:
            if not started or started[-1][0] != (kind, settings):
                stack.close()
                server = stack.enter_context(running(kind, **settings))
                started.append(((kind, settings), server))
            return started[-1][1]

        yield serve


class SmallFTPStorage(FTPStorage):
    """Sends files in parts that are smaller than it is worth while."""

    put_limit = FTPStorage.part_size


class OnFtp(StorageConformance):
    """All of a server is the place; the suite's `location`, a path, is a part of the address."""

    object_store = False
    overwrite_option = "allow_overwrite"
    many = 150  # there are no pages
    lacks = frozenset({"content-type", "content-encoding", "exclusive-create", "exclusive-copy"})

    # Here the option `location` is an address: see test_options.
    test_a_location_has_no_leading_slash = None
    test_a_subclass_changes_the_defaults = None
    test_a_subclass_computes_options = None
    test_a_subclass_sets_options_by_attributes = None
    test_deconstruct_tells_the_options = None
    test_options_win_over_attributes_and_those_over_settings = None

    kind: ClassVar[type[FtpServer]]
    settings: ClassVar[dict[str, Any]] = {}

    place: ClassVar[str] = ""

    @pytest.fixture
    def make_storage(self, servers: Callable[..., FtpServer]) -> Callable[..., Any]:
        server = servers(self.kind, **self.settings)
        root = server.local(self.place)
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        server.own(root)

        def make(**options: Any) -> SmallFTPStorage:
            path = options.pop("location", "")
            if "://" in path:
                options["location"] = path
            elif path:
                (root / path).mkdir(parents=True, exist_ok=True)
                for each in root.rglob("*"):
                    server.own(each)
            directory = f"/{self.place}/{path}"
            return SmallFTPStorage(**(server.options(directory, encoding="utf-8") | options))

        return make


class TestFtpd(OnFtp):
    kind = Ftpd


@pytest.mark.variant
class TestFtpdTls(OnFtp):
    kind = FtpdTls


class TestVsftpdTls(OnFtp):
    """Its root is closed, so storages are below it: names with a leading slash leave them."""

    kind: ClassVar[type[FtpServer]] = VsftpdTls
    place = "place"
    test_deleting_what_cleans_to_nothing_is_an_error = None
    test_deleting_the_location_is_an_error = None


@pytest.mark.variant
class TestVsftpd(TestVsftpdTls):
    kind = Vsftpd


@pytest.mark.variant
class TestOldServer(OnFtp):
    """It knows no command that is younger than 1985, and so it does not tell times."""

    kind = Ftpd
    settings: ClassVar[dict[str, Any]] = {
        "without": ("FEAT", "OPTS", "MLSD", "MLST", "SIZE", "MDTM", "EPSV")
    }
    test_a_new_version_is_not_older = None
    test_collects_static_files_and_only_what_changed = None
    test_collectstatic_may_compare_times = None
    test_entries_have_aware_times = None
    test_manifest_storage = None
    test_times_are_aware_with_use_tz = None
    test_times_are_naive_and_local_without_use_tz = None
    test_times_do_not_depend_on_the_visitor = None
