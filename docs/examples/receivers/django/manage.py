#!/usr/bin/env python
"""A Django project that takes webhooks of vigia and hands them to Celery.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    export VIGIA_WEBHOOK_KEYS="whpk_..."              # what `vigia webhooks key` printed; several apart by blanks
    export CELERY_BROKER_URL=redis://127.0.0.1:6379/0
    venv/bin/python manage.py migrate
    venv/bin/python manage.py runserver 127.0.0.1:8000
    venv/bin/celery -A receiver worker --loglevel info --beat      # in another terminal, with the same variables

and in vigia.toml

    [[webhooks]]
    name = "django"
    url = "http://127.0.0.1:8000/vigia"
    key_files = ["django.key"]

hooks/signatures.py says whether a webhook is vigia's, hooks/views.py takes it, hooks/tasks.py does the work.
"""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "receiver.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
