"""Celery, and what it does by itself: every minute it takes up what a broker has lost."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "receiver.settings")

app = Celery("receiver")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "take-up": {"task": "hooks.tasks.take_up", "schedule": 60.0},
}
