"""Thumbnails, and with them the proof that an upload is a picture which can be shown."""

from io import BytesIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from PIL import Image, ImageOps

# What browsers show; it also keeps exotic decoders away from what strangers upload.
FORMATS = ("AVIF", "GIF", "JPEG", "PNG", "WEBP")
EXTENSIONS = ("avif", "gif", "jpeg", "jpg", "png", "webp")
BOX = (800, 800)  # pixels


def make_thumbnail(file, name):
    """A WebP picture of at most 800 x 800 pixels, called `name`; ValidationError if `file` is none.

    The position of `file` is at its start afterwards.
    """
    content = BytesIO()
    try:
        file.seek(0)
        with Image.open(file, formats=FORMATS) as picture:
            picture.draft("RGB", BOX)
            upright = ImageOps.exif_transpose(picture)
            small = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            small.thumbnail(BOX)
            small.save(content, "WEBP", quality=82)
    except Exception as error:
        # Decoders raise whatever a broken file leads them into: OSError, SyntaxError, EOFError …
        raise ValidationError("This is not a picture that can be shown.", code="invalid") from error
    finally:
        file.seek(0)
    return ContentFile(content.getvalue(), name=name)
