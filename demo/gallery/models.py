from functools import partial
from pathlib import PurePosixPath

from django.core.validators import FileExtensionValidator
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from .thumbnails import EXTENSIONS, make_thumbnail


class Picture(models.Model):
    """A picture and its thumbnail, both in the bucket; set once, never replaced."""

    title = models.CharField(max_length=120)
    image = models.ImageField(
        upload_to="pictures/", validators=[FileExtensionValidator(EXTENSIONS)]
    )
    thumbnail = models.FileField(upload_to="thumbnails/", blank=True, editable=False)
    # Bytes. Kept here, since `image.size` asks the storage: one request for each picture shown.
    size = models.PositiveBigIntegerField(editable=False, default=0)
    uploaded = models.DateTimeField(editable=False, default=timezone.now)

    class Meta:
        ordering = ("-uploaded", "-pk")

    def __str__(self):
        return self.title

    @property
    def preview_url(self):
        """The signed URL of what a page shows: the thumbnail, else the picture itself."""
        return (self.thumbnail or self.image).url

    def clean(self):
        """Make the thumbnail of a new picture; ValidationError if it cannot be shown."""
        if self._state.adding and self.image:
            stem = PurePosixPath(self.image.name).stem
            self.thumbnail = make_thumbnail(self.image.file, f"{stem}.webp")
            self.size = self.image.size


@receiver(post_delete, sender=Picture)
def delete_files(instance, **kwargs):
    """Delete the objects once the row is gone for good; a rollback keeps them."""
    for file in (instance.image, instance.thumbnail):
        transaction.on_commit(partial(file.delete, save=False), robust=True)
