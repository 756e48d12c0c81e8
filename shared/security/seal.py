"""Sealing of texts with AES-256-GCM.

The additional data binds a ciphertext to its patient and its purpose: a sealed name pasted where an address
belongs, or under another patient, does not open.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import RoundsError
from shared.events.ids import PatientId
from shared.events.values import Sealed

NONCE_BYTES = 12
KEY_BITS = 256


class SealError(RoundsError):
    """The sealed text does not open: another key, another purpose, or it was changed."""


def new_key() -> bytes:
    """Return a fresh data key of 32 bytes."""
    return AESGCM.generate_key(KEY_BITS)


def encrypt(key: bytes, plain: bytes, purpose: str) -> bytes:
    """Return nonce + ciphertext; ``purpose`` must be said again to open it."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, purpose.encode())


def decrypt(key: bytes, sealed: bytes, purpose: str) -> bytes:
    """Return the plain bytes.

    Raises:
        SealError: see the class.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError) as error:
        message = f"A sealed {purpose.split('|', maxsplit=1)[0]} does not open with this key."
        raise SealError(message) from error


def seal(key: bytes, patient_id: PatientId, purpose: str, text: str) -> Sealed:
    """Seal a text of a patient for a purpose (``address``, ``patient_name``, ``notes``, ``place_label``)."""
    return Sealed(
        patient_id=patient_id,
        ciphertext=base64.b64encode(encrypt(key, text.encode(), f"{purpose}|{patient_id}")).decode(),
    )


def open_sealed(key: bytes, sealed: Sealed, purpose: str) -> str:
    """Open a sealed text.

    Raises:
        SealError: see the class.
    """
    raw = base64.b64decode(sealed.ciphertext)
    return decrypt(key, raw, f"{purpose}|{sealed.patient_id}").decode()
