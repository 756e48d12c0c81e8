"""The board in a browser: it shows the day, stays true by itself, and passes commands on."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from shared.errors import Problem
from shared.events.booking import VisitRequested
from shared.events.dispatch import NurseEnRoute, ShiftOpened
from tests.web.site import Site, serving
from tests.web.story import Story

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]

LINE = "_tmkkA~mmm|C_t`B??_t`B_t`B_t`B"
"""Four points across the area, encoded with six decimals as OSRM does."""


async def a_route(site: Site, name: str = "Quentyn") -> tuple[ShiftOpened, VisitRequested]:
    story = site.floor.story
    shift, visit = story.shift("N07", "Nora Bell"), story.requested(name, "77 Canary Row")
    place = story.placed(visit)
    await site.floor.say(shift, visit, place, *story.dispatched(shift, place, geometry=LINE), story.committed())
    return shift, visit


async def drawn(page: Page, layer: str) -> list[dict[str, Any]]:
    """Return what the map has drawn in a layer, once it has drawn anything."""
    handle = await page.wait_for_function(
        """layer => {
            const found = document.querySelector('rounds-map').drawn(layer);
            return found.length ? found : null;
        }""",
        arg=layer,
    )
    return list(await handle.json_value())


async def test_an_empty_board_says_what_it_waits_for_and_that_it_is_live(site: Site, desk: Page) -> None:
    await desk.goto(site.url)
    await expect(desk).to_have_url(site.board)
    await expect(desk.locator("#panel-routes")).to_contain_text("No plan for this day yet.")
    await expect(desk.locator("#connection")).to_have_text("live")


async def test_a_route_comes_onto_the_open_board_in_list_map_and_timeline(site: Site, desk: Page) -> None:
    await desk.goto(site.board)
    await expect(desk.locator("#connection")).to_have_text("live")
    await a_route(site)
    await expect(desk.locator("#panel-routes .row")).to_contain_text("Nora Bell")
    await expect(desk.locator("#headline")).to_contain_text("1 assigned")
    await expect(desk.locator("rounds-timeline .lane")).to_have_count(1)
    await expect(desk.locator("rounds-timeline .bar.planned")).to_have_text("1")
    # A feature at the seam of two tiles is drawn in both.
    assert {each["ref"] for each in await drawn(desk, "route-line")} == {"N07"}
    assert {(each["number"], each["status"]) for each in await drawn(desk, "stop")} == {(1, "planned")}


async def test_an_act_shows_everywhere_without_a_reload(site: Site, desk: Page) -> None:
    shift, visit = await a_route(site)
    await desk.goto(site.board)
    await desk.locator("#panel-routes .row").click()
    await expect(desk.locator("#drawer .stop")).to_contain_text("planned")
    await site.floor.say(site.floor.story.act(NurseEnRoute, shift, visit.visit_id))
    await expect(desk.locator("#drawer .stop")).to_contain_text("en route")
    await expect(desk.locator("rounds-timeline .bar")).to_have_class("bar en_route")
    await expect(desk.locator("#panel-routes .mark")).to_have_class("mark en_route")


async def test_a_route_chosen_in_one_place_is_chosen_in_all(site: Site, desk: Page) -> None:
    await a_route(site)
    await desk.goto(site.board)
    await desk.locator("rounds-timeline .lane").click()
    await expect(desk.locator("#drawer")).to_contain_text("Quentyn")
    await expect(desk.locator("#drawer")).to_contain_text("77 Canary Row")
    await expect(desk.locator("#panel-routes .row")).to_have_attribute("aria-current", "true")
    await drawn(desk, "route-selected")
    await desk.keyboard.press("Escape")
    await expect(desk.locator("#drawer")).to_be_hidden()
    await expect(desk.locator("#panel-routes .row")).not_to_have_attribute("aria-current", "true")


async def test_the_lists_work_by_keyboard_alone(site: Site, desk: Page) -> None:
    await a_route(site)
    await desk.goto(site.board)
    await desk.locator("#tab-routes").focus()
    await desk.keyboard.press("ArrowRight")
    await expect(desk.locator("#panel-unassigned")).to_be_visible()
    await desk.keyboard.press("ArrowLeft")
    await desk.locator("#panel-routes .row").focus()
    await desk.keyboard.press("Enter")
    await expect(desk.locator("#drawer")).to_be_focused()
    await desk.keyboard.press("Escape")
    await expect(desk.locator("#panel-routes .row")).to_be_focused()


async def test_an_unassigned_visit_shows_its_reason_and_its_place(site: Site, desk: Page) -> None:
    story = site.floor.story
    visit = story.requested("Quentyn")
    await site.floor.say(visit, story.placed(visit), story.committed(1, (visit, "Every nurse is busy then.")))
    await desk.goto(site.board)
    await expect(desk.locator("#unassigned-count")).to_have_text("1")
    await desk.locator("#tab-unassigned").click()
    await desk.locator("#panel-unassigned .row").click()
    await expect(desk.locator("#drawer")).to_contain_text("Every nurse is busy then.")
    await expect(desk.locator("#drawer")).to_contain_text("Quentyn")
    await drawn(desk, "unassigned")


async def test_a_dispatcher_takes_a_candidate(site: Site, desk: Page) -> None:
    visit = await to_review(site)
    await desk.goto(site.board)
    await desk.locator("#tab-review").click()
    await desk.locator("#panel-review .row").click()
    await expect(desk.locator(".candidate-pin")).to_have_count(2)
    await desk.locator("#drawer .candidate").nth(1).click()
    await expect(desk.locator("#drawer")).to_contain_text("The visit has a place now.")
    assert site.floor.neighbours.asked == [(f"places/{visit.visit_id}/pick", {"candidate": 1, "address_version": 1})]
    await expect(desk.locator(".candidate-pin")).to_have_count(0)


async def test_a_dispatcher_pins_a_place_on_the_map(site: Site, desk: Page) -> None:
    visit = await to_review(site)
    await desk.goto(site.board)
    await desk.locator("#tab-review").click()
    await desk.locator("#panel-review .row").click()
    await expect(desk.locator(".candidate-pin")).to_have_count(2)
    use = desk.get_by_role("button", name="Use this place")
    await expect(use).to_be_disabled()
    await desk.get_by_role("button", name="Pin it on the map").click()
    await desk.locator("rounds-map").click(position={"x": 300, "y": 200})
    await use.click()
    await expect(desk.locator("#drawer")).to_contain_text("The visit has a place now.")
    ((path, body),) = site.floor.neighbours.asked
    assert path == f"places/{visit.visit_id}/pin"
    assert 39.9 < body["lat"] < 40.3
    assert -82.7 < body["lon"] < -82.3


async def test_a_refusal_is_shown_in_words(site: Site, desk: Page) -> None:
    await to_review(site)
    site.floor.neighbours.refusal = Problem(409, "settled", "Settled", "Someone placed this address already.")
    await desk.goto(site.board)
    await desk.locator("#tab-review").click()
    await desk.locator("#panel-review .row").click()
    await desk.locator("#drawer .candidate").first.click()
    await expect(desk.get_by_role("alert")).to_have_text("Someone placed this address already.")


async def test_the_board_survives_a_restart_of_the_server(browser: Browser, tmp_path: Path) -> None:
    story = Story()
    page = await browser.new_page()
    async with serving(tmp_path, story) as before:
        shift, visit = await a_route(before)
        await page.goto(before.board)
        await expect(page.locator("#panel-routes .row")).to_contain_text("0/1")
        await page.locator("#panel-routes .row").click()
    await expect(page.locator("#connection")).to_contain_text("Connection lost.")
    async with serving(tmp_path, story, before.port) as after:
        await expect(page.locator("#connection")).to_have_text("live")
        await after.floor.say(story.act(NurseEnRoute, shift, visit.visit_id))
        await expect(page.locator("rounds-timeline .bar")).to_have_class("bar en_route")
        await expect(page.locator("#drawer .stop")).to_contain_text("en route")
        await page.close()


async def to_review(site: Site) -> VisitRequested:
    visit = site.floor.story.requested("Quentyn", "77 Canary Row")
    await site.floor.say(
        visit, site.floor.story.unplaced(visit, ("77 Canary Rd", 40.05, -82.55), ("77 Canary Ct", 40.15, -82.45))
    )
    return visit
