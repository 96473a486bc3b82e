"""Identity: a storage travels, tells its options, and keeps its secrets."""

from __future__ import annotations

import copy
import pickle
import traceback
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import Storage
from django.db.migrations.writer import MigrationWriter
from django.test import override_settings
from django.utils.module_loading import import_string

from storages.options import declared
from storages.testing.conformance.suite import Suite, get, needs, put, rebuild

SECRET = "hunter2-do-not-tell"


def _hidden_options(storage: Any) -> dict[str, str]:
    return {name: SECRET for name, each in declared(type(storage)).items() if each.secret}


class Identity(Suite):
    """Copies of a storage are the same storage, and its options come from where they should."""

    # -- travelling

    def test_is_a_storage_of_django(self, storage: Any) -> None:
        assert isinstance(storage, Storage)

    @pytest.mark.parametrize(
        "again",
        [
            copy.copy,
            copy.deepcopy,
            *(
                lambda storage, protocol=protocol: pickle.loads(pickle.dumps(storage, protocol))
                for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
            ),
        ],
    )
    @pytest.mark.parametrize("used", [True, False])
    def test_copies_and_pickles_see_the_same_files(
        self, storage: Any, again: Any, used: bool
    ) -> None:
        if used:
            put(storage, "a.txt")
        other = again(storage)
        put(other, "b.txt", b"from the copy")
        put(storage, "c.txt", b"from the original")
        assert get(storage, "b.txt") == b"from the copy"
        assert get(other, "c.txt") == b"from the original"
        assert other.exists("a.txt") is used
        assert repr(other) == repr(storage) or not self.has_feature(storage, "options")

    @needs("options", "location", "file_overwrite")
    def test_pickles_keep_the_options(self, make_storage: Any) -> None:
        storage = make_storage(location="inside", **self.overwriting(True))
        other = pickle.loads(pickle.dumps(storage))
        for name in declared(type(storage)):
            assert getattr(other, name) == getattr(storage, name)
        assert other.deconstruct() == storage.deconstruct()

    def test_deconstruct_builds_it_again(self, make_storage: Any) -> None:
        storage = make_storage()
        path, args, options = storage.deconstruct()
        assert import_string(path) is type(storage)
        assert storage.deconstruct() == (path, args, options)
        missing = {name: getattr(storage, name) for name in _hidden_options(storage)}
        again = import_string(path)(*args, **(options | missing))
        assert again.deconstruct() == (path, args, options)
        put(storage, "a.txt")
        assert get(again, "a.txt") == b"content"

    @needs("options", "location", "file_overwrite")
    def test_deconstruct_tells_the_options(self, make_storage: Any) -> None:
        storage = make_storage(location="inside", **self.overwriting(True))
        _, args, options = storage.deconstruct()
        assert args == ()
        assert options["location"] == "inside"
        assert options[self.overwrite_option] is True
        put(storage, "a.txt")
        assert storage.deconstruct()[2] == options

    def test_migrations_can_hold_it(self, storage: Any) -> None:
        text, imports = MigrationWriter.serialize(storage)
        assert type(storage).__name__ in text
        assert any(type(storage).__module__ in line for line in imports) or "django" in text

    # -- secrets

    @needs("secrets")
    def test_secrets_are_not_shown(self, make_storage: Any) -> None:
        known = make_storage()
        for name in _hidden_options(known):
            try:
                storage = rebuild(known, **{name: SECRET})
            except ImproperlyConfigured as error:
                assert SECRET not in str(error)
                continue
            text, _ = MigrationWriter.serialize(storage)
            for shown in (repr(storage), str(storage), text, repr(storage.deconstruct())):
                assert SECRET not in shown, name
            assert SECRET not in repr(vars(storage).get("_given"))

    @needs("secrets")
    @pytest.mark.parametrize("origin", ["options", "settings"])
    def test_errors_tell_no_secret(self, make_storage: Any, origin: str) -> None:
        cls = type(make_storage())
        secrets = {name: each for name, each in declared(cls).items() if each.secret}
        options = dict.fromkeys(secrets, SECRET) if origin == "options" else {}
        names = [each.settings[0] for each in secrets.values() if each.settings]
        with (
            override_settings(**dict.fromkeys(names, SECRET)),
            pytest.raises(ImproperlyConfigured) as caught,
        ):
            cls(**options, no_such_option=1)
        frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        told = {frame.name: str(frame.locals) for frame in frames.stack}
        del told["test_errors_tell_no_secret"]
        assert SECRET not in str(caught.value)
        assert [name for name, locals_ in told.items() if SECRET in locals_] == []

    # -- options

    @needs("options")
    @pytest.mark.parametrize("feature", ["location", "file_overwrite"])
    def test_an_unknown_option_is_an_error(self, make_storage: Any, feature: str) -> None:
        right = "location" if feature == "location" else self.overwrite_option
        wrong = "locatoin" if feature == "location" else f"{right}s"
        with pytest.raises(ImproperlyConfigured) as caught:
            make_storage(**{wrong: ""})
        assert wrong in str(caught.value)
        if self.has_feature(make_storage(), feature):
            assert f"Did you mean {right!r}?" in str(caught.value)

    @needs("options", "location")
    @pytest.mark.parametrize("location", ["/inside", "/", "//inside"])
    def test_a_location_has_no_leading_slash(self, make_storage: Any, location: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="location"):
            make_storage(location=location)

    @needs("options", "location")
    def test_a_subclass_sets_options_by_attributes(self, storage: Any) -> None:
        class Media(type(storage)):  # type: ignore[misc]  # a base found at run time
            location = "media"

        setattr(Media, self.overwrite_option, True)
        media = rebuild(storage, Media)
        put(media, "a.txt")
        put(media, "a.txt")
        assert get(storage, "media/a.txt") == b"content"
        assert rebuild(media, location="other").location == "other"
        assert "location" not in media.deconstruct()[2]

    @needs("options", "location")
    def test_a_subclass_computes_options(self, storage: Any) -> None:
        class Computed(type(storage)):  # type: ignore[misc]  # a base found at run time
            @property
            def location(self) -> str:
                return self.folder  # type: ignore[no-any-return]  # its base is not known

            def get_default_settings(self) -> dict[str, Any]:
                return dict(super().get_default_settings(), folder="first")

        computed = rebuild(storage, Computed)
        put(computed, "a.txt", b"1")
        computed.folder = "second"
        put(computed, "a.txt", b"2")
        assert get(storage, "first/a.txt") == b"1"
        assert get(storage, "second/a.txt") == b"2"

    @needs("options", "location")
    def test_a_subclass_changes_the_defaults(self, storage: Any) -> None:
        class Changed(type(storage)):  # type: ignore[misc]  # a base found at run time
            def get_default_settings(self) -> dict[str, Any]:
                return dict(super().get_default_settings(), location="changed", own="value")

        changed = rebuild(storage, Changed)
        assert (changed.location, changed.own) == ("changed", "value")
        put(changed, "a.txt")
        assert get(storage, "changed/a.txt") == b"content"
        other = rebuild(storage, Changed, location="given", own="given")
        assert (other.location, other.own) == ("given", "given")

    @needs("options", "location")
    def test_options_win_over_attributes_and_those_over_settings(self, storage: Any) -> None:
        names = declared(type(storage))["location"].settings
        if not names or "location" in storage.deconstruct()[2]:
            pytest.skip("the location comes from no setting here")

        class Media(type(storage)):  # type: ignore[misc]  # a base found at run time
            location = "attribute"

        with override_settings(**{names[0]: "setting"}):
            assert rebuild(storage).location == "setting"
            assert rebuild(storage, Media).location == "attribute"
            assert rebuild(storage, location="option").location == "option"
            assert rebuild(storage, Media, location="option").location == "option"
        with override_settings(**{names[0]: "/setting"}), pytest.raises(ImproperlyConfigured):
            rebuild(storage)
