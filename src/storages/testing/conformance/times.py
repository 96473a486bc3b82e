"""Times: aware where Django wants them aware, naive local ones where not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from storages.testing.conformance.suite import Suite, get, needs, put, replace

KINDS = ["get_modified_time", "get_created_time", "get_accessed_time"]


class Times(Suite):
    """The times of a file, whatever the project's time zone."""

    @pytest.fixture(params=["UTC", "Asia/Kolkata", "America/St_Johns"])
    def zone(self, request: Any) -> Iterator[str]:
        with override_settings(TIME_ZONE=request.param):
            yield request.param

    def _recent(self, moment: datetime, since: float) -> bool:
        """Whether an aware time lies between `since` (seconds since the epoch) and now."""
        return since - self.clock_error <= moment.timestamp() <= time.time() + self.clock_error

    def _time(self, storage: Any, kind: str, name: str) -> datetime:
        try:
            moment = getattr(storage, kind)(name)
        except NotImplementedError:
            if kind == "get_modified_time":
                raise
            pytest.skip(f"the service does not know it: {kind}")
        assert isinstance(moment, datetime)
        return moment

    @pytest.mark.parametrize("kind", KINDS)
    def test_times_are_aware_with_use_tz(self, storage: Any, zone: str, kind: str) -> None:
        since = time.time()
        put(storage, "d/a.txt")
        with override_settings(USE_TZ=True):
            moment = self._time(storage, kind, "d/a.txt")
        assert timezone.is_aware(moment)
        assert self._recent(moment, since)

    @pytest.mark.parametrize("kind", KINDS)
    def test_times_are_naive_and_local_without_use_tz(
        self, storage: Any, zone: str, kind: str
    ) -> None:
        since = time.time()
        put(storage, "d/a.txt")
        with override_settings(USE_TZ=False):
            moment = self._time(storage, kind, "d/a.txt")
        assert timezone.is_naive(moment)
        assert self._recent(timezone.make_aware(moment, timezone.get_default_timezone()), since)

    @pytest.mark.parametrize("use_tz", [True, False])
    def test_times_do_not_depend_on_the_visitor(self, storage: Any, use_tz: bool) -> None:
        put(storage, "a.txt")
        with override_settings(USE_TZ=use_tz):
            at_home = storage.get_modified_time("a.txt")
            with timezone.override("Pacific/Kiritimati"):
                assert storage.get_modified_time("a.txt") == at_home

    @pytest.mark.parametrize("kind", KINDS)
    def test_times_of_a_missing_file(self, storage: Any, kind: str) -> None:
        put(storage, "a.txt")
        for name in ("none.txt", "no/such/none.txt"):
            with pytest.raises(FileNotFoundError):
                getattr(storage, kind)(name)

    def test_a_new_version_is_not_older(self, storage: Any) -> None:
        put(storage, "a.txt")
        before = storage.get_modified_time("a.txt")
        assert storage.get_modified_time("a.txt") == before
        replace(storage, "a.txt", b"new")
        assert storage.get_modified_time("a.txt") >= before
        assert get(storage, "a.txt") == b"new"

    def test_collectstatic_may_compare_times(self, storage: Any) -> None:
        put(storage, "a.txt")
        moment = storage.get_modified_time("a.txt")
        now = timezone.now() if settings.USE_TZ else datetime.now()
        assert abs(now - moment) < timedelta(minutes=5)

    @needs("stat", "scan")
    @pytest.mark.parametrize("use_tz", [True, False])
    def test_entries_have_aware_times(self, storage: Any, zone: str, use_tz: bool) -> None:
        since = time.time()
        put(storage, "a.txt")
        with override_settings(USE_TZ=use_tz):
            entries = [storage.stat("a.txt"), *storage.scan()]
        assert len(entries) == 2
        for entry in entries:
            for moment in (entry.modified, entry.created, entry.accessed):
                assert moment is None or self._recent(moment, since)
                assert moment is None or timezone.is_aware(moment)
        assert entries[0].modified is not None
        assert entries[0].modified.astimezone(UTC) <= datetime.now(UTC) + timedelta(
            seconds=self.clock_error
        )
