"""The files a page loads: the board's own, the installed packages, and each area's map."""

import pytest

from shared.areas import area_dir
from tests.web.house import Floor
from tests.web.story import AREA


async def test_the_boards_own_files_are_asked_for_anew_each_time(floor: Floor) -> None:
    reply = await floor.client.get("/static/board/board.js")
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-cache")
    again = await floor.client.get("/static/board/board.js", headers={"if-none-match": reply.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/static/board/../service.py", "/static/board/%2e%2e/service.py", "/static/board/none"]
)
async def test_nothing_outside_the_static_folder_is_sent(floor: Floor, path: str) -> None:
    assert (await floor.client.get(f"/static/board/{path}")).status_code == 404


async def test_only_packages_that_the_pages_load_are_sent(floor: Floor) -> None:
    reply = await floor.client.get("/vendor/left-pad/index.js")
    assert reply.status_code == 404
    assert "left-pad" in reply.json()["detail"]


async def test_packages_that_are_not_installed_say_how_to_install_them(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.page_files.serving.INSTALLED", area_dir(floor.house.data, AREA.id))
    reply = await floor.client.get("/vendor/htmx.org/dist/htmx.min.js")
    assert reply.status_code == 503
    assert "make setup" in reply.json()["detail"]


async def test_an_area_without_a_map_gets_plain_ground(floor: Floor) -> None:
    style = (await floor.client.get("/areas/maple/style.json")).json()
    assert [layer["type"] for layer in style["layers"]] == ["background"]


async def test_a_map_is_sent_in_ranges(floor: Floor) -> None:
    (area_dir(floor.house.data, AREA.id) / "basemap.pmtiles").write_bytes(b"0123456789")
    reply = await floor.client.get("/areas/maple/basemap.pmtiles", headers={"range": "bytes=2-4"})
    assert (reply.status_code, reply.content) == (206, b"234")
    style = (await floor.client.get("/areas/maple/style.json")).json()
    assert style["sources"]["basemap"]["url"] == "pmtiles:///areas/maple/basemap.pmtiles"


@pytest.mark.parametrize("path", ["/areas/atlantis/basemap.pmtiles", "/areas/atlantis/style.json"])
async def test_the_map_of_an_unknown_area_is_not_found(floor: Floor, path: str) -> None:
    assert (await floor.client.get(path)).status_code == 404
