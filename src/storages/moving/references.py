"""The files that rows refer to: the FileFields of all models, read row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from django.apps import apps
from django.core.files.storage import Storage
from django.db import connections, router
from django.db.models import FileField, Model, QuerySet

from storages.moving.places import unwrapped

CHUNK = 2000
"""Rows that are in memory at once, where the database's driver lets them come by and by."""


class UnknownField(ValueError):  # noqa: N818 - it is a field, as FileNotFoundError's is a file
    """No FileField is called like that."""


class Reference(NamedTuple):
    """A name as it is in a row."""

    name: str
    owner: str
    """`app.Model(pk).field`; empty for what a history tells, whose files may be gone."""


@dataclass(frozen=True)
class MediaField:
    """A FileField of a model, or of a subclass of it; or what a history has made of one."""

    model: type[Model]
    field: Any

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.field.name}"

    @property
    def storage(self) -> Any:
        return unwrapped(self.field.storage)

    def references(self, database: str) -> Iterator[Reference]:
        """What all rows refer to; whatever the database or the field raises."""
        # No manager, not even the base manager, may hide rows here.
        rows: QuerySet[Model] = QuerySet(self.model, using=database)
        found = rows.order_by().values_list("pk", self.field.attname)
        for pk, name in found.iterator(CHUNK):
            if name:
                yield Reference(str(name), self._owner(pk))

    def _owner(self, pk: Any) -> str:
        if not isinstance(self.field, FileField):
            return ""
        row = ", ".join(map(str, pk)) if isinstance(pk, tuple) else pk
        return f"{self.model._meta.label}({row}).{self.field.name}"


class Databases:
    """Where rows of models may be: where routers read them, and wherever else is their table."""

    def __init__(self) -> None:
        self._tables: dict[str, set[str] | Exception] = {}

    def of(self, model: type[Model]) -> Iterator[str]:
        """Aliases of DATABASES; whatever a database raises that cannot be asked."""
        own = router.db_for_read(model)
        for alias in connections:
            convert = connections[alias].introspection.identifier_converter
            if alias == own or convert(model._meta.db_table) in self._tables_of(alias):
                yield alias

    def _tables_of(self, alias: str) -> set[str]:
        if alias not in self._tables:
            try:
                names = connections[alias].introspection.table_names(include_views=True)
                self._tables[alias] = set(names)
            except Exception as error:  # noqa: BLE001 - each model whose rows may be there gets it
                self._tables[alias] = error
        found = self._tables[alias]
        if isinstance(found, Exception):
            raise found
        return found


def media_fields(labels: Iterable[str] = ()) -> list[MediaField]:
    """The FileFields called `app`, `app.Model` or `app.Model.field`; without labels all of them.

    Of all, each is in the model that declares it: once for its subclasses and proxies. UnknownField
    for a label that is none.
    """
    labels = list(labels)
    if not labels:
        return [each for model in _models() for each in _fields_of(model, inherited=False)]
    known = _by_label()
    for label in labels:
        if label.lower() not in known:
            raise UnknownField(_unknown(label, known))
    return list(dict.fromkeys(each for label in labels for each in known[label.lower()]))


def former_fields() -> list[MediaField]:
    """The fields of all models that are no FileFields, but have a storage as those have.

    django-simple-history makes texts of the FileFields that it copies, and keeps the names in them.
    """
    return [
        MediaField(model, each)
        for model in _models()
        for each in model._meta.local_concrete_fields
        if not isinstance(each, FileField)
        and isinstance(unwrapped(getattr(each, "storage", None)), Storage)
    ]


def _by_label() -> dict[str, list[MediaField]]:
    """All fields by what they can be called, in small letters."""
    known: defaultdict[str, list[MediaField]] = defaultdict(list)
    for model in _models():
        for each in _fields_of(model, inherited=True):
            known[model._meta.label_lower].append(each)
            known[str(each).lower()].append(each)
        for each in _fields_of(model, inherited=False):
            known[model._meta.app_label.lower()].append(each)
    return known


def _models() -> list[type[Model]]:
    """Without those that the settings have swapped for others: they have no table."""
    return list(apps.get_models(include_auto_created=True))


def _fields_of(model: type[Model], *, inherited: bool) -> Iterator[MediaField]:
    fields = model._meta.concrete_fields if inherited else model._meta.local_concrete_fields
    for field in fields:
        if isinstance(field, FileField):
            yield MediaField(model, field)


def _unknown(label: str, known: Mapping[str, list[MediaField]]) -> str:
    names = {}
    for fields in known.values():
        for each in fields:
            names[str(each).lower()] = str(each)
            names[each.model._meta.label_lower] = each.model._meta.label
    close = get_close_matches(label.lower(), names, 1)
    hint = f"did you mean {names[close[0]]}?" if close else "write app.Model or app.Model.field."
    return f"There is no FileField {label!r}: {hint}"
