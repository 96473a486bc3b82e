"""Models with files of every kind; tests give them rows."""

from typing import Any

from django.db import models

from storages.testing import MemoryStorage

ARCHIVE = MemoryStorage(bucket_name="shop-archive")


def archive() -> MemoryStorage:
    return ARCHIVE


class PhotoField(models.FileField):
    """As apps of others have them."""


class PastFileField(models.TextField):  # type: ignore[type-arg] # it takes none as it runs
    """What django-simple-history makes of a FileField in the model of a history."""

    storage = ARCHIVE


class Shown(models.Manager[Any]):
    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(hidden=False)


class Item(models.Model):
    photo = PhotoField(upload_to="items")
    manual = models.FileField(null=True)
    hidden = models.BooleanField(default=False)

    objects = Shown()

    class Meta:
        base_manager_name = "objects"
        ordering = ("photo",)


class Book(Item):
    cover = models.FileField()


class Paperback(Book):
    class Meta:
        proxy = True


class Scanned(models.Model):
    scan = models.FileField(storage=archive)

    class Meta:
        abstract = True


class Invoice(Scanned):
    pass


class PastInvoice(models.Model):
    scan = PastFileField()


class Receipt(Scanned):
    number = models.CharField(primary_key=True, max_length=20)


class Page(models.Model):
    pk = models.CompositePrimaryKey("book", "number")
    book = models.IntegerField()
    number = models.UUIDField()
    picture = models.FileField()


class Plain(models.Model):
    """Swapped for Item by the settings: it has no table."""

    photo = models.FileField()

    class Meta:
        swappable = "SHOP_PLAIN_MODEL"
