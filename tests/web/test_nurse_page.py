"""The nurse's page in a browser of a phone's size: the next act under the thumb, and the board sees it."""

import pytest
from playwright.async_api import Page, expect

from shared.errors import Problem
from shared.events.booking import VisitRequested
from shared.events.dispatch import ShiftOpened
from tests.web.site import Site

pytestmark = [pytest.mark.web, pytest.mark.asyncio(loop_scope="session")]


async def two_visits(site: Site) -> tuple[ShiftOpened, list[VisitRequested]]:
    story = site.floor.story
    shift = story.shift("N07", "Nora Bell")
    visits = [story.requested("Quentyn", "77 Canary Row"), story.requested("Zelda", "2 Oak St")]
    places = [story.placed(visit, 40.1 + number / 50) for number, visit in enumerate(visits)]
    await site.floor.say(shift, *visits, *places, *story.dispatched(shift, *places))
    return shift, visits


def acts(site: Site) -> list[str]:
    return [body["act"] for _, body in site.floor.neighbours.asked]


async def test_a_nurse_does_her_visits_one_tap_after_the_other(site: Site, phone: Page) -> None:
    shift, _ = await two_visits(site)
    await phone.goto(site.url + site.floor.link(shift))
    bar = phone.locator(".bar")
    for name in ("Quentyn", "Zelda"):
        await expect(bar).to_contain_text(name)
        for label in ("Accept", "En route", "Arrived", "Done"):
            await bar.get_by_role("button", name=label, exact=True).click()
            if label == "Accept":
                await expect(phone.locator(".stop.current .address")).to_be_visible()
    await expect(bar).to_have_text("All visits are over. Thank you.")
    await expect(phone.locator(".progress")).to_have_text("2 of 2 done")
    assert acts(site) == ["accept", "en_route", "arrived", "done"] * 2


async def test_the_board_sees_an_act_at_once(site: Site, phone: Page, desk: Page) -> None:
    shift, _ = await two_visits(site)
    await desk.goto(site.board)
    await phone.goto(site.url + site.floor.link(shift))
    await expect(desk.locator("rounds-timeline .bar").first).to_have_class("bar planned")
    await phone.locator(".bar .act").click()
    await expect(desk.locator("rounds-timeline .bar").first).to_have_class("bar accepted")


async def test_the_next_act_is_big_and_within_reach_of_a_thumb(site: Site, phone: Page) -> None:
    shift, _ = await two_visits(site)
    await phone.goto(site.url + site.floor.link(shift))
    box = await phone.locator(".bar .act").bounding_box()
    assert box is not None
    assert box["width"] >= 200
    assert box["height"] >= 56
    assert box["y"] > 740 / 2
    assert box["y"] + box["height"] <= 740
    assert await phone.evaluate("document.documentElement.scrollWidth") == 360


async def test_a_double_tap_is_one_act(site: Site, phone: Page) -> None:
    shift, _ = await two_visits(site)
    await phone.goto(site.url + site.floor.link(shift))
    await phone.locator(".bar .act").dblclick()
    await expect(phone.locator(".bar .act")).to_have_text("En route")
    assert acts(site) == ["accept"]


async def test_a_tap_tried_again_after_a_failure_is_the_same_act(site: Site, phone: Page) -> None:
    shift, _ = await two_visits(site)
    await phone.goto(site.url + site.floor.link(shift))
    site.floor.neighbours.away = True
    await phone.locator(".bar .act").click()
    await expect(phone.get_by_role("alert")).to_contain_text("Dispatch does not answer just now.")
    await phone.reload()
    site.floor.neighbours.away = False
    await phone.locator(".bar .act").click()
    await expect(phone.locator(".bar .act")).to_have_text("En route")
    first, second = (body["act_id"] for _, body in site.floor.neighbours.asked)
    assert first == second


async def test_all_visits_are_accepted_with_one_tap(site: Site, phone: Page) -> None:
    shift, visits = await two_visits(site)
    await phone.goto(site.url + site.floor.link(shift))
    await phone.get_by_role("button", name="Accept all 2 visits").click()
    await expect(phone.locator(".stop.accepted")).to_have_count(2)
    assert [path for path, _ in site.floor.neighbours.asked] == [f"visits/{visit.visit_id}/acts" for visit in visits]


async def test_a_visit_that_could_not_be_done_asks_why(site: Site, phone: Page) -> None:
    shift, _ = await two_visits(site)
    await phone.goto(site.url + site.floor.link(shift))
    await phone.locator(".bar").get_by_role("button", name="Could not do").click()
    await phone.get_by_role("button", name="Nobody home").click()
    await expect(phone.locator(".bar")).to_contain_text("Zelda")
    ((_, body),) = site.floor.neighbours.asked
    assert (body["act"], body["reason"]) == ("missed", "not_home")


async def test_a_refusal_is_shown_in_words_and_the_round_stays(site: Site, phone: Page) -> None:
    shift, _ = await two_visits(site)
    await phone.goto(site.url + site.floor.link(shift))
    site.floor.neighbours.refusal = Problem(409, "not-yours", "Gone", "This visit is no longer yours.")
    await phone.locator(".bar .act").click()
    await expect(phone.get_by_role("alert")).to_have_text("This visit is no longer yours.")
    await expect(phone.locator(".bar .act")).to_have_text("Accept")


async def test_a_new_plan_shows_by_itself_and_is_announced(site: Site, phone: Page) -> None:
    shift, visits = await two_visits(site)
    story = site.floor.story
    await phone.goto(site.url + site.floor.link(shift))
    await expect(phone.locator("#changed")).to_be_hidden()
    swapped = [story.placed(visit) for visit in reversed(visits)]
    await site.floor.say(*story.dispatched(shift, *swapped, plan_version=2))
    await expect(phone.locator("#changed")).to_contain_text("Your route changed.")
    await expect(phone.locator(".stop b").first).to_have_text("Zelda")
    await phone.get_by_role("button", name="OK").click()
    await expect(phone.locator("#changed")).to_be_hidden()


async def test_the_round_is_drawn_on_a_small_map(site: Site, phone: Page) -> None:
    shift, _ = await two_visits(site)
    await phone.goto(site.url + site.floor.link(shift))
    await expect(phone.locator("route-map")).to_have_attribute("data-drawn", "2")


async def test_a_forged_link_shows_a_sentence(site: Site, phone: Page) -> None:
    await phone.goto(f"{site.url}/n/forged")
    await expect(phone.locator("main")).to_contain_text("not one that Rounds signed")
