"""What came, and what was done about it."""

from django.db import models


class Event(models.Model):
    """A webhook, by its id: it may come often, and is here once."""

    id = models.CharField(primary_key=True, max_length=32)
    body = models.JSONField()
    received_at = models.DateTimeField(auto_now_add=True)
    handled_at = models.DateTimeField(null=True, db_index=True)


class Movement(models.Model):
    """What this application makes of an activity: a line of a ledger. Amounts are minor units, as decimal text."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, primary_key=True)
    account = models.CharField(max_length=200, db_index=True)
    kind = models.CharField(max_length=200)
    direction = models.CharField(max_length=7)
    coin = models.TextField(null=True)
    amount = models.CharField(max_length=40, null=True)
    digest = models.CharField(max_length=44, db_index=True)
