"""A Django project of its own, for the workers and the commands that tests start as processes."""

from .celery_app import app as celery_app

__all__ = ["celery_app"]
