"""The project: settings, addresses, and Celery, which tasks are declared for."""

from .celery import app as celery_app

__all__ = ["celery_app"]
