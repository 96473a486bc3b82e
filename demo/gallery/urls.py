from django.urls import path

from . import views

urlpatterns = [
    path("", views.gallery, name="gallery"),
    path("samples/", views.samples, name="samples"),
    path("<int:pk>/delete/", views.delete, name="delete"),
]
