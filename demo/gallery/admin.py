from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html

from .models import Picture


@admin.register(Picture)
class PictureAdmin(admin.ModelAdmin):
    list_display = ("preview", "title", "weight", "uploaded")
    list_display_links = ("preview", "title")
    search_fields = ("title",)
    date_hierarchy = "uploaded"

    def get_readonly_fields(self, request, obj=None):
        # A picture is set once: to replace it, delete it and upload another.
        return ("image", "preview", "weight", "uploaded") if obj else ()

    @admin.display(description="preview")
    def preview(self, picture):
        return format_html('<img src="{}" alt="" height="72">', picture.preview_url)

    @admin.display(description="size", ordering="size")
    def weight(self, picture):
        return filesizeformat(picture.size)
