"""Verifies one signed webhook with the libraries of Standard Webhooks, of Svix, and with OpenSSL's ed25519.

Reads JSON from its input: headers, body, and the keys; prints what verified. Nothing of vigia is used.
"""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from svix.webhooks import Webhook as SvixWebhook


def by_library(library, secret, given):
    try:
        library(secret).verify(given["body"], given["headers"])
        return True
    except WebhookVerificationError:
        return False


def by_ed25519(public, given):
    headers = given["headers"]
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_"), validate=True))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{given['body']}".encode()
    for signature in headers["webhook-signature"].split(" "):
        version, encoded = signature.split(",", 1)
        if version != "v1a":
            continue
        try:
            key.verify(base64.b64decode(encoded, validate=True), content)
            return True
        except InvalidSignature:
            pass
    return False


given = json.load(sys.stdin)
verified = [f"standardwebhooks {secret}" for secret in given["secrets"] if by_library(Webhook, secret, given)]
verified += [f"svix {secret}" for secret in given["secrets"] if by_library(SvixWebhook, secret, given)]
verified += [f"ed25519 {public}" for public in given["publics"] if by_ed25519(public, given)]
json.dump(verified, sys.stdout)
