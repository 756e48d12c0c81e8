"""The folders of a cluster: settings, ports and formatted storage of each broker, made once and used on afterwards."""

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from deploy.dev.kafka.broker import HOST, Broker, free_ports
from deploy.dev.kafka.jars import jars
from deploy.dev.unavailable import Unavailable

COMMON = """\
process.roles=broker,controller
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
log.cleaner.dedupe.buffer.size=16777216
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.min.session.timeout.ms=1000
"""


@dataclass(frozen=True, slots=True)
class Listener:
    """A further way in, beside the plain one.

    Attributes:
        name: upper case; ``cluster.address(name)`` says where it is.
        protocol: SSL, SASL_PLAINTEXT or SASL_SSL; PLAINTEXT for one that has a proxy in front.
        certificate: PEM file with a PKCS #8 key and its chain, for the two with TLS.
        proxies: ports that clients are sent to instead of the listener's own, one a broker.
    """

    name: str
    protocol: str
    certificate: Path | None = None
    proxies: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Security:
    """Who may come in, and how.

    Attributes:
        listeners: further listeners.
        users: SCRAM-SHA-512 passwords by user.
        owners: users who may do anything; the others may do nothing. Nobody asks on the plain listener.
    """

    listeners: Sequence[Listener] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    owners: Sequence[str] = ()


def lay_out(folder: Path, brokers: int, security: Security, ports: Sequence[int] = ()) -> list[Broker]:
    """Make the folders of a cluster, or find those of the cluster that is there.

    Args:
        folder: of the cluster.
        brokers: how many.
        security: further listeners and users.
        ports: the plain ports of the brokers; free ones otherwise.

    Raises:
        Unavailable: a program is missing, or the storage could not be formatted.
    """
    plan = folder / "ports.json"
    if plan.exists():
        return [_broker(folder, node, found) for node, found in enumerate(json.loads(plan.read_text()), 1)]
    folder.mkdir(parents=True, exist_ok=True)
    names = ["CLIENT", "CONTROLLER", *(listener.name for listener in security.listeners)]
    free = iter(free_ports(brokers * len(names)))
    layout = [{name: next(free) for name in names} for _ in range(brokers)]
    for found, port in zip(layout, ports, strict=False):
        found["CLIENT"] = port
    made = [_broker(folder, node, found) for node, found in enumerate(layout, 1)]
    for broker in made:
        broker.folder.mkdir(exist_ok=True)
        broker.settings.write_text(_settings(broker, made, security))
    _format(made, security)
    plan.write_text(json.dumps(layout))  # last: a half-made cluster is made again
    return made


def _broker(folder: Path, node: int, ports: Mapping[str, int]) -> Broker:
    more = {name: port for name, port in ports.items() if name not in {"CLIENT", "CONTROLLER"}}
    return Broker(node, ports["CLIENT"], ports["CONTROLLER"], more, folder / f"broker-{node}", jars())


def _settings(broker: Broker, brokers: Sequence[Broker], security: Security) -> str:
    ports = {"CLIENT": broker.port, "CONTROLLER": broker.controller_port, **broker.ports}
    proxies = {listener.name: listener.proxies[broker.node - 1] for listener in security.listeners if listener.proxies}
    protocols = {"CLIENT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"} | {
        listener.name: listener.protocol for listener in security.listeners
    }
    copies = len(brokers)
    enough = copies // 2 + 1
    lines = {
        "node.id": broker.node,
        "log.dirs": broker.folder / "data",
        "controller.quorum.bootstrap.servers": ",".join(f"{HOST}:{each.controller_port}" for each in brokers),
        "listeners": _addresses(ports),
        "advertised.listeners": _addresses({**ports, **proxies}),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "default.replication.factor": copies,
        "min.insync.replicas": enough,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": enough,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": enough,
    }
    for listener in security.listeners:
        prefix = f"listener.name.{listener.name.lower()}"
        if listener.certificate:
            lines |= {f"{prefix}.ssl.keystore.type": "PEM", f"{prefix}.ssl.keystore.location": listener.certificate}
        if listener.protocol.startswith("SASL"):
            module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            lines |= {f"{prefix}.scram-sha-512.sasl.jaas.config": module}
    if security.users:
        owners = ";".join(f"User:{name}" for name in ("ANONYMOUS", *security.owners))
        authorizer = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
        lines |= {"authorizer.class.name": authorizer, "super.users": owners}
    return COMMON + "".join(f"{name}={value}\n" for name, value in lines.items())


def _addresses(ports: Mapping[str, int]) -> str:
    return ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())


def _format(brokers: Sequence[Broker], security: Security) -> None:
    voters = ",".join(f"{each.node}@{HOST}:{each.controller_port}:{_new_id()}" for each in brokers)
    users = [
        word
        for name, password in security.users.items()
        for word in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")
    ]
    arguments = ("kafka.tools.StorageTool", "format", "-t", _new_id(), "--initial-controllers", voters, *users)
    formatting = [
        subprocess.Popen(  # noqa: S603 - no argument comes from outside
            broker.java(*arguments, "-c", str(broker.settings)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for broker in brokers
    ]
    for each in formatting:
        output, _ = each.communicate()
        if each.returncode:
            raise Unavailable(f"Kafka's storage could not be formatted: {output.strip()}")


def _new_id() -> str:
    """Return an id as Kafka writes them; it takes one that begins with a dash for an option."""
    made = "-"
    while made.startswith("-"):
        made = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
    return made
