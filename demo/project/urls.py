"""The gallery at /, the admin at /admin/."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "Storehouse demo"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("gallery.urls")),
]
