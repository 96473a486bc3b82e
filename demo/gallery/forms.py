from pathlib import PurePath

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator

from .models import Picture
from .thumbnails import EXTENSIONS


class PicturesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PicturesField(forms.ImageField):
    """Several pictures at once; the errors name the file that they are about."""

    widget = PicturesInput
    default_validators = (FileExtensionValidator(EXTENSIONS),)

    def clean(self, data, initial=None):
        pictures, errors = [], []
        for file in data or [None]:
            try:
                pictures.append(super().clean(file, initial))
            except ValidationError as error:
                errors += named(file, error)
        if errors:
            raise ValidationError(errors)
        return pictures


class UploadForm(forms.Form):
    """One bad file among the uploads, and none is stored."""

    pictures = PicturesField(
        error_messages={
            "required": "Choose at least one picture.",
            "invalid_image": "This is not a picture, or it is damaged.",
        }
    )

    def clean_pictures(self):
        rows, errors = [], []
        for file in self.cleaned_data["pictures"]:
            row = Picture(title=title_of(file.name), image=file)
            try:
                row.full_clean()
            except ValidationError as error:
                errors += named(file, error)
            rows.append(row)
        if errors:
            raise ValidationError(errors)
        return rows

    def save(self):
        for row in self.cleaned_data["pictures"]:
            row.save()
        return self.cleaned_data["pictures"]


def named(file, error):
    """The messages of `error`, each in front of it the name of the file."""
    prefix = f"“{file.name}”: " if file else ""
    return [f"{prefix}{message}" for message in error.messages]


def title_of(name):
    """“IMG_0042.jpg” becomes “IMG 0042”."""
    words = PurePath(name).stem.replace("_", " ").replace("-", " ").split()
    return " ".join(words)[:120] or "Untitled"
