"""The map as a browser draws it: with no server but ours, names included."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from playwright.async_api import async_playwright

from services.board.basemap import build_basemap
from services.page_files.style import style
from tests.area.conftest import LAT, LON, Extract

pytestmark = pytest.mark.web

PACKAGES = Path(__file__).parents[2] / "services" / "board" / "node_modules"
CHROMIUM = Path("/usr/bin/chromium")
PAGE = f"""<!doctype html><title>drawing</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/packages/maplibre-gl/dist/maplibre-gl.css">
<script src="/packages/pmtiles/dist/pmtiles.js"></script>
<div id="map" style="position: absolute; inset: 0"></div>
<script type="module">
import * as maplibregl from "/packages/maplibre-gl/dist/maplibre-gl.mjs";
maplibregl.addProtocol("pmtiles", new pmtiles.Protocol().tile);
window.map = new maplibregl.Map({{
  container: "map", style: "/style.json", center: [{LON + 0.002}, {LAT}], zoom: 17,
  attributionControl: {{ compact: false }},
}});
map.on("error", ({{ error }}) => {{ document.title = `failed: ${{error.message}}`; }});
map.once("idle", () => {{ document.title = "drawn"; }});
</script>"""
NAMES = "layer => map.queryRenderedFeatures({layers: [layer]}).map(f => f.properties.name ?? f.properties.number)"


@pytest.fixture
async def site(make_extract: Extract, tmp_path: Path) -> AsyncIterator[str]:
    """A page with the village's map; its address."""
    if not PACKAGES.is_dir():
        pytest.skip("the front-end packages are not installed: run `make setup`")
    build_basemap(make_extract(), tmp_path / "village.pmtiles", lambda *_: None)
    app = FastAPI()
    app.get("/", response_class=HTMLResponse)(lambda: PAGE)
    app.get("/style.json")(lambda: style("/village.pmtiles"))
    app.get("/village.pmtiles")(lambda: FileResponse(tmp_path / "village.pmtiles"))
    app.mount("/packages", StaticFiles(directory=PACKAGES))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await serving


@pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium")
async def test_streets_and_places_are_named_without_asking_any_other_server(site: str) -> None:
    asked: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        )
        page = await browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(site)
        await page.wait_for_function("document.title !== 'drawing'")
        assert await page.title() == "drawn"
        assert set(await page.evaluate(NAMES, "road-names")) == {"Elm Street", "Main Street"}
        assert "Ash Park" in await page.evaluate(NAMES, "land-names")
        assert "105" in await page.evaluate(NAMES, "house-numbers")
        assert "© OpenStreetMap contributors" in await page.inner_text(".maplibregl-ctrl-attrib")
        await browser.close()
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {site.removeprefix("http://")}
