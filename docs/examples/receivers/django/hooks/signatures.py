"""Whether a webhook is vigia's, by the headers of Standard Webhooks. Knows nothing of Django."""

import base64
import binascii
import hashlib
import hmac
import re
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOLERANCE_S = 300
MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


class Refused(ValueError):
    """Why a webhook is not believed."""


def verify(body: bytes, headers, keys: list[str]) -> str:
    """The id of an authentic webhook; `body` is what came, byte for byte."""
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    if not MESSAGE_ID.fullmatch(message_id) or not SECONDS.fullmatch(stamp):
        raise Refused("webhook-id or webhook-timestamp is missing or none")
    if abs(time.time() - int(stamp)) > TOLERANCE_S:
        raise Refused("too old, or from the future")
    content = f"{message_id}.{stamp}.".encode() + body
    for signature in headers.get("webhook-signature", "").split(" "):
        version, _, encoded = signature.partition(",")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            continue
        if any(is_by(key, version, given, content) for key in keys):
            return message_id
    raise Refused("no signature verifies")


def is_by(key: str, version: str, given: bytes, content: bytes) -> bool:
    """Whether `given` is the signature of `content` by the holder of this key."""
    if version == "v1" and key.startswith("whsec_"):
        secret = base64.b64decode(key.removeprefix("whsec_"))
        expected = hmac.digest(secret, content, hashlib.sha256)
        return hmac.compare_digest(expected, given)  # takes as long whatever differs
    if version == "v1a" and key.startswith("whpk_"):
        public = base64.b64decode(key.removeprefix("whpk_"))
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(given, content)
        except InvalidSignature:
            return False
        return True
    return False
