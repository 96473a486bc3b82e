"""Files that are handed to ``save()``: made by the workers, on either side."""

import io

from django.core.files.base import ContentFile, File
from django.core.files.uploadedfile import TemporaryUploadedFile


def temporary_upload(name, body, content_type):
    upload = TemporaryUploadedFile(name, content_type, len(body), "utf-8")
    upload.write(body)
    upload.seek(0)
    return upload


def half_read(body):
    """A file that somebody has read from, as image checks do."""
    source = ContentFile(body)
    source.read(4)
    return source


class _Unseekable(io.BytesIO):
    def seekable(self):
        return False

    def seek(self, *args):
        raise io.UnsupportedOperation("seek")

    def tell(self):
        raise io.UnsupportedOperation("tell")


class _Failing(io.BytesIO):
    def read(self, *args):
        raise InterruptedError("the source broke")


def unseekable(body):
    return File(_Unseekable(body), "unseekable")


def failing(body):
    return File(_Failing(body), "failing")
