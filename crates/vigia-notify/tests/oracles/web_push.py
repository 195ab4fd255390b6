"""Decrypts one Web Push message as a browser does, with the library http_ece. Reads JSON from its input."""

import base64
import json
import sys

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


given = json.load(sys.stdin)
key = ec.derive_private_key(int.from_bytes(decoded(given["private_key"]), "big"), ec.SECP256R1())
text = http_ece.decrypt(decoded(given["body"]), private_key=key, auth_secret=decoded(given["auth"]), version="aes128gcm")
json.dump(text.decode(), sys.stdout)
