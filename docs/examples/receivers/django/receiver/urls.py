"""One address, without a slash at its end: redirects are not followed."""

from django.urls import path

from hooks.views import receive

urlpatterns = [path("vigia", receive)]
