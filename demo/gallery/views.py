from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from .forms import UploadForm
from .models import Picture
from .samples import sample_files

PAGE = 24  # pictures


@require_http_methods(["GET", "HEAD", "POST"])
def gallery(request):
    """Show the pictures, newest first; a POST adds some."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        return stored(request, form.save())
    context = {
        "form": form,
        "page": Paginator(Picture.objects.all(), PAGE).get_page(request.GET.get("page")),
        "bucket": f"{settings.AWS_S3_ENDPOINT_URL}/{settings.AWS_STORAGE_BUCKET_NAME}/",
    }
    return render(request, "gallery/gallery.html", context, status=422 if form.errors else 200)


@require_POST
def samples(request):
    """Add pictures that the demo draws itself."""
    form = UploadForm(files={"pictures": sample_files()})
    return stored(request, form.save() if form.is_valid() else [])


@require_POST
def delete(request, pk):
    """Delete a picture and its objects; one that is gone already is fine."""
    picture = Picture.objects.filter(pk=pk).first()
    if picture:
        picture.delete()
        messages.success(request, f"“{picture}” is deleted, and its files with it.")
    return redirect("gallery")


def stored(request, pictures):
    count = len(pictures)
    messages.success(request, f"{count} picture{'s' if count != 1 else ''} stored in the bucket.")
    return redirect("gallery")
