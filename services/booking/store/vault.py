"""Patients' data keys, wrapped by the room's key-encryption key, and the keyed digests that stand in for words."""

import hashlib
import hmac

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from shared.events.ids import PatientId
from shared.security.seal import decrypt, encrypt

PROFILE = "profile"


class Vault:
    """Wraps and unwraps data keys.

    Args:
        kek: the key-encryption key, 32 bytes. It never encrypts anything but data keys; the digests have keys of
            their own, derived from it.
    """

    def __init__(self, kek: bytes) -> None:
        self._kek = kek
        self._digest_keys = {
            purpose: HKDFExpand(hashes.SHA256(), 32, f"rounds/booking/{purpose}".encode()).derive(kek)
            for purpose in ("patient-reference", "payload", "idempotency-key")
        }

    def wrap(self, patient_id: PatientId, key: bytes) -> bytes:
        """Return a data key as it is stored; bound to its patient."""
        return encrypt(self._kek, key, f"patient-key|{patient_id}")

    def unwrap(self, patient_id: PatientId, wrapped: bytes) -> bytes:
        """Return a stored data key.

        Raises:
            SealError: another key-encryption key wrapped it.
        """
        return decrypt(self._kek, wrapped, f"patient-key|{patient_id}")

    def digest(self, purpose: str, text: str | bytes) -> str:
        """Return the digest by which a text is recognised without being kept: HMAC-SHA256, hex.

        Args:
            purpose: ``patient-reference``, ``payload`` or ``idempotency-key``.
            text: what to recognise.
        """
        data = text.encode() if isinstance(text, str) else text
        return hmac.new(self._digest_keys[purpose], data, hashlib.sha256).hexdigest()
