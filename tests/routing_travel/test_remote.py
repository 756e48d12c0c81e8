import httpx
import pytest

from services.routing.travel.port import TravelError
from services.routing.travel.remote import RemoteOsrm
from services.routing.travel.straight_line import StraightLine
from shared.events.ids import AreaId
from tests.routing_travel.conftest import Town

AREA = AreaId("town")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, text="<html>Bad gateway</html>"),
        httpx.Response(200, json=["not", "an", "object"]),
        httpx.Response(200, json={"hello": "world"}),
    ],
)
async def test_an_answer_that_is_not_osrm_s_says_what_to_check(answer: httpx.Response, town: Town) -> None:
    transport = httpx.MockTransport(lambda _: answer)
    async with httpx.AsyncClient(base_url="http://roads.example", transport=transport) as client:
        with pytest.raises(TravelError, match=r"http://roads\.example/? gave no usable answer.*Check that it runs"):
            await RemoteOsrm(client, StraightLine()).matrix(AREA, town.corners[:2])


async def test_a_server_that_cannot_be_reached_is_a_travel_error(town: Town) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with httpx.AsyncClient(base_url="http://roads.example", transport=httpx.MockTransport(refuse)) as client:
        with pytest.raises(TravelError, match="ConnectError"):
            await RemoteOsrm(client, StraightLine()).geometry(AREA, town.corners[:2])


async def test_a_refusal_is_passed_on_in_the_server_s_words(server: str, town: Town) -> None:
    async with httpx.AsyncClient(base_url=server) as client:
        greedy = RemoteOsrm(client, StraightLine(), most_coordinates=1000)
        with pytest.raises(TravelError, match=r"refused: .*[Tt]oo many table coordinates"):
            await greedy.matrix(AREA, town.corners * 4)
