"""A broker with locks: certificates good, old and for another name, and users who may and may not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from deploy.dev.kafka import KafkaCluster, kafka
from deploy.dev.kafka.layout import Listener, Security
from shared.bus.kafka import KafkaSettings

PASSWORD = "right one"  # noqa: S105 - of a broker that lives as long as the tests


@dataclass(frozen=True, slots=True)
class Secured:
    """The broker and how to come in.

    Attributes:
        authority: the certificate that clients trust.
        password: the file with it.
    """

    cluster: KafkaCluster
    authority: Path
    password: Path

    def settings(self, listener: str, protocol: str, user: str = "rounds") -> KafkaSettings:
        """Return settings that work for a listener and a user, as far as these do."""
        return KafkaSettings.model_validate(
            {
                "bootstrap_servers": self.cluster.address(listener),
                "security_protocol": protocol,
                "sasl_username": user,
                "sasl_password_file": self.password,
                "ssl_ca_file": self.authority,
            }
        )


def write_certificate(folder: Path, issuer: trustme.CA, name: str, *, host: str, until: datetime | None) -> Path:
    """Write a key and its certificates as Kafka reads them."""
    made = issuer.issue_cert(host, not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=until)
    key = load_pem_private_key(made.private_key_pem.bytes(), None)
    file = folder / f"{name}.pem"
    chain = b"".join(each.bytes() for each in made.cert_chain_pems)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain)
    return file


@contextmanager
def secured_cluster(folder: Path) -> Iterator[Secured]:
    """Run the broker with the locks.

    Raises:
        Unavailable: as ``kafka()``.
    """
    issuer = trustme.CA()
    authority = folder / "authority.pem"
    issuer.cert_pem.write_to_path(str(authority))
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    good = write_certificate(folder, issuer, "good", host="127.0.0.1", until=None)
    old = write_certificate(folder, issuer, "old", host="127.0.0.1", until=yesterday)
    strange = write_certificate(folder, issuer, "strange", host="elsewhere.example", until=None)
    security = Security(
        listeners=[
            Listener("GOOD", "SSL", good),
            Listener("OLD", "SSL", old),
            Listener("STRANGE", "SSL", strange),
            Listener("LOGIN", "SASL_SSL", good),
            Listener("CLEAR", "SASL_PLAINTEXT"),
        ],
        users={"rounds": PASSWORD, "stranger": PASSWORD},
        owners=["rounds"],
    )
    with kafka(folder / "cluster", security=security) as cluster:
        yield Secured(cluster, authority, password)
