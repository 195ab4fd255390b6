"""The work that a webhook causes. Celery may run a task twice, and twice at once; what it does is done once."""

import logging
from datetime import timedelta

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from .models import Event, Movement

log = logging.getLogger(__name__)


# ANCHOR: task
@shared_task(autoretry_for=(Exception,), retry_backoff=True, max_retries=10)
def handle(event_id):
    # Taking it and doing it are one transaction: both are there afterwards, or neither. A second run waits
    # for the first one's row, and then finds it taken.
    with transaction.atomic():
        waiting = Event.objects.filter(pk=event_id, handled_at=None)
        if not waiting.update(handled_at=timezone.now()):
            return
        work(Event.objects.get(pk=event_id))
    log.info("handled %s", event_id)
# ANCHOR_END: task


def work(event):
    """What this application does; only what its database can take back belongs here."""
    kind = event.body["type"]
    activity = event.body.get("activity") or {}
    if kind == "activity.created":
        Movement.objects.create(
            event=event,
            account=activity["account"]["externalId"],
            kind=activity["kind"],
            direction=activity["direction"],
            coin=activity["coin"] and activity["coin"]["type"],
            amount=activity["amount"],
            digest=activity["digest"],
        )
    elif kind in ("activity.corrected", "activity.withdrawn"):
        log.warning("%s of activity %s: somebody has to look", kind, activity["id"])
    # endpoint.test, and kinds that are not known yet, do nothing.


@shared_task
def take_up():
    """Hands over again what was received and not handled: a broker that was emptied loses nothing."""
    since = timezone.now() - timedelta(minutes=1)
    left = Event.objects.filter(handled_at=None, received_at__lt=since)
    for event_id in left.values_list("pk", flat=True)[:1_000]:
        handle.delay(event_id)
