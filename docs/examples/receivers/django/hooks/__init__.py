"""Webhooks of vigia, and what they do here."""
