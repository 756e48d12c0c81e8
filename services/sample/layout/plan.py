"""The whole city on the drawing board."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from services.sample.layout.districts import District, district_lines, districts
from services.sample.layout.freeway import with_freeway
from services.sample.layout.ground import Ground
from services.sample.layout.houses import House, houses
from services.sample.layout.names import StreetNames
from services.sample.layout.network import Network, planar
from services.sample.layout.parks import Park, parks
from services.sample.layout.skeleton import Skeleton, skeleton
from services.sample.layout.streets import streets


@dataclass(frozen=True)
class Plan:
    """Everything the map is drawn from, in plan metres except the houses (bent metres)."""

    bones: Skeleton
    ground: Ground
    districts: Sequence[District]
    parks: Sequence[Park]
    network: Network
    houses: Sequence[House]


def planned(rng: Random) -> Plan:
    """Lay out a city; the same `rng` state gives the same city."""
    ground, bones = Ground(rng), skeleton(rng)
    found = districts(bones, planar(bones.lines), rng)
    greens = parks(found, rng)
    fill = district_lines(found, bones, StreetNames(rng), rng)
    local = streets(bones.lines, fill, greens, rng)
    network = with_freeway(bones, local)
    return Plan(bones, ground, found, greens, network, houses(local, found, greens, bones, ground, rng))
