"""A model with a file, as projects have it."""

from django.db import models


class Document(models.Model):
    """The suite puts the storage that it tests into the field."""

    title = models.CharField(max_length=50)
    file = models.FileField(upload_to="documents/%Y", max_length=40)

    class Meta:
        app_label = "storages_conformance"
        managed = False

    def __str__(self) -> str:
        return self.title
