"""Says whether a signed token (RFC 7519) verifies, by OpenSSL. Reads JSON from its input."""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verifies(given):
    content, _, signature = given["token"].rpartition(".")
    signature = decoded(signature)
    if "public_key" in given:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(given["public_key"]))
    else:
        public = load_pem_private_key(given["private_key"].encode(), None).public_key()
    try:
        if given["algorithm"] == "RS256":
            public.verify(signature, content.encode(), padding.PKCS1v15(), SHA256())
        else:
            assert len(signature) == 64
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            public.verify(utils.encode_dss_signature(r, s), content.encode(), ec.ECDSA(SHA256()))
        return True
    except InvalidSignature:
        return False


json.dump(verifies(json.load(sys.stdin)), sys.stdout)
