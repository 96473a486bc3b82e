"""Options: where their values come from, and what is never shown."""

import pickle
import traceback

import pytest
from django.core.exceptions import ImproperlyConfigured

from storages.base import BaseStorage
from storages.options import HIDDEN, declared, option, without_password
from storages.testing import MemoryStorage


class ShelfStorage(BaseStorage):
    shelf: str | None = option(None, "SHELF", env="SHELF", required=True, help="Where.")
    password: str | None = option(None, ("SHELF_PASSWORD", "PASSWORD"), secret=True)
    rules: dict[str, str] = option({}, "SHELF_RULES")
    limit: int = option(3, "SHELF_LIMIT")


class LowShelf(ShelfStorage):
    shelf = "low"


def test_default():
    assert ShelfStorage().limit == 3
    assert ShelfStorage().shelf is None


def test_order_options_attribute_setting_environment_default(settings, monkeypatch):
    monkeypatch.setenv("SHELF", "from environment")
    assert ShelfStorage().shelf == "from environment"
    settings.SHELF = "from settings"
    assert ShelfStorage().shelf == "from settings"
    assert LowShelf().shelf == "low"
    assert LowShelf(shelf="given").shelf == "given"


def test_an_empty_environment_variable_is_none(monkeypatch):
    monkeypatch.setenv("SHELF", "")
    assert ShelfStorage().shelf is None


def test_settings_are_read_from_left_to_right(settings):
    settings.PASSWORD = "second"
    assert ShelfStorage().password == "second"
    settings.SHELF_PASSWORD = "first"
    assert ShelfStorage().password == "first"


def test_a_setting_can_be_none(settings):
    settings.SHELF_LIMIT = None
    assert ShelfStorage().limit is None


def test_a_mutable_default_is_not_shared():
    ShelfStorage().rules["a"] = "b"
    assert ShelfStorage().rules == {}


def test_get_default_settings_can_be_overridden():
    class Extended(ShelfStorage):
        def get_default_settings(self):
            return super().get_default_settings() | {"limit": 7, "colour": "red"}

    assert Extended().limit == 7
    assert Extended().colour == "red"
    assert Extended(colour="blue").colour == "blue"


def test_unknown_option_has_a_suggestion():
    with pytest.raises(ImproperlyConfigured, match=r"'passwort'.*Did you mean 'password'\?"):
        ShelfStorage(passwort="x")


def test_unknown_option_without_a_near_one_lists_all():
    with pytest.raises(ImproperlyConfigured, match="It knows: shelf, password, rules, limit"):
        ShelfStorage(zzz="x")


class ManagedShelf(ShelfStorage):
    """Decides by code: what it gives, what it resolves, and what it sets itself."""

    def __init__(self, **options):
        super().__init__(limit=5, **options)
        self.password = "p"

    def get_default_settings(self):
        return super().get_default_settings() | {"rules": {"a": "b"}}


def test_origins(settings, monkeypatch):
    assert set(ShelfStorage()._origins().values()) == {"default"}
    monkeypatch.setenv("SHELF", "from environment")
    assert ShelfStorage()._origins()["shelf"] == "environment SHELF"
    settings.SHELF = "from settings"
    assert ShelfStorage()._origins()["shelf"] == "setting SHELF"
    assert LowShelf()._origins()["shelf"] == "attribute of LowShelf"
    assert LowShelf(shelf="given")._origins()["shelf"] == "OPTIONS"
    settings.PASSWORD = "second"
    assert ShelfStorage()._origins()["password"] == "setting PASSWORD"
    settings.SHELF_LIMIT = None
    assert ShelfStorage()._origins()["limit"] == "setting SHELF_LIMIT"


def test_origins_in_code():
    assert ManagedShelf(shelf="a")._origins() == {
        "shelf": "OPTIONS",
        "password": "computed",
        "rules": "ManagedShelf.get_default_settings()",
        "limit": "ManagedShelf.__init__()",
    }


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://host/a@b", "https://host/a@b"),
        ("https://user:p@ss@host/", f"https://{HIDDEN}@host/"),
        ("//user@host", f"//{HIDDEN}@host"),
    ],
)
def test_addresses_are_shown_without_passwords(address, shown):
    assert without_password(address) == shown


def test_a_property_of_a_subclass_wins_over_settings(settings):
    settings.SHELF = "from settings"

    class PerTenant(ShelfStorage):
        @property
        def shelf(self):
            return "tenant"

    assert PerTenant().shelf == "tenant"
    with pytest.raises(ImproperlyConfigured, match="defines 'shelf' itself"):
        PerTenant(shelf="x")


def test_required_option_is_asked_for_at_first_use():
    with pytest.raises(ImproperlyConfigured, match=r"needs 'shelf'.*set SHELF"):
        ShelfStorage()._require("shelf")


def test_no_secret_in_repr_str_or_deconstruct():
    storage = ShelfStorage(password="hush-hush", shelf="a")
    assert repr(storage) == f"<ShelfStorage: shelf='a', password={HIDDEN!r}>"
    assert "hush-hush" not in str(storage)
    path, args, kwargs = storage.deconstruct()
    assert (path, args, kwargs) == (f"{__name__}.ShelfStorage", (), {"shelf": "a"})


def test_no_secret_in_a_traceback_with_local_variables():
    with pytest.raises(ImproperlyConfigured) as caught:
        ShelfStorage(password="hush-hush", lmit=4)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = [f for f in frames if f.filename.endswith(("configured.py", "options.py"))]
    assert ours
    assert not [f for f in ours if "hush-hush" in str(f.locals)]


def test_deconstruct_leaves_out_what_no_migration_can_hold():
    assert ShelfStorage(limit=object(), shelf="a").deconstruct()[2] == {"shelf": "a"}


def test_pickle_keeps_the_values():
    storage = pickle.loads(pickle.dumps(LowShelf(password="p", limit=9)))
    assert (storage.shelf, storage.password, storage.limit) == ("low", "p", 9)


def test_declared_lists_options_of_bases_first():
    assert list(declared(LowShelf)) == ["shelf", "password", "rules", "limit"]


def test_a_location_with_a_leading_slash_is_refused():
    with pytest.raises(ImproperlyConfigured, match="location of MemoryStorage is '/media'"):
        MemoryStorage(location="/media")
