"""Takes a webhook: verifies it, keeps it, hands it to Celery and answers. The work is done afterwards."""

import json

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse, HttpResponseBadRequest
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .models import Event
from .signatures import verify
from .tasks import handle


# ANCHOR: view
@csrf_exempt  # the signature says who it is
@require_POST
def receive(request):
    try:
        # The bytes as they came, before anything is parsed.
        event_id = verify(request.body, request.headers, settings.VIGIA_WEBHOOK_KEYS)
        body = json.loads(request.body)
    except ValueError as error:
        return HttpResponseBadRequest(str(error))
    # One that is known changes nothing here. It is committed before Celery hears of it.
    event, _ = Event.objects.get_or_create(id=event_id, defaults={"body": body})
    if event.handled_at is None:
        # Where the broker is away this fails with 500, and vigia tells it again.
        transaction.on_commit(lambda: handle.delay(event_id))
    return HttpResponse(status=204)
# ANCHOR_END: view
