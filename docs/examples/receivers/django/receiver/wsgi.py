"""For a server such as gunicorn: `gunicorn receiver.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "receiver.settings")

application = get_wsgi_application()
