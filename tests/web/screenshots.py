"""``make screenshots``: the README's pictures, taken from the demonstration as it runs."""

import asyncio
import re
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from tests.web.conftest import ARGUMENTS, CHROMIUM

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
DESK = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
READY = "It runs until"
DRAWN_MS = 4_000
"""The map's tiles fade in; nothing says when the last one has."""


async def _demo(data: Path) -> tuple[Process, str]:
    """Start the demonstration and return it with what it printed once the day was planned."""
    command = (str(ROOT / ".venv/bin/rounds"), "demo", "--data", str(data), "--port", "0")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, env={"COLUMNS": "1000", "PATH": "/usr/bin:/bin"}
    )
    assert process.stdout is not None
    said = ""
    while READY not in said:
        line = await process.stdout.readline()
        if not line:
            sys.exit(f"The demonstration ended too early:\n{said}")
        said += line.decode()
    return process, said


async def _page(browser: Browser, size: ViewportSize, url: str) -> Page:
    page = await browser.new_page(viewport=size)
    await page.goto(url)
    await page.wait_for_timeout(DRAWN_MS)
    return page


async def _take(said: str) -> None:
    board = re.search(r"http://\S+/board/\S+", said)
    nurse = re.search(r"http://\S+/n/\S+", said)
    assert board is not None
    assert nurse is not None
    IMAGES.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = await _page(browser, DESK, board[0])
        await page.screenshot(path=IMAGES / "board.png")
        await page.get_by_role("tab", name=re.compile("Review")).click()
        await page.get_by_text("5 candidates").first.click()
        await page.wait_for_timeout(DRAWN_MS)
        await page.screenshot(path=IMAGES / "review.png")
        phone = await _page(browser, PHONE, nurse[0])
        await phone.screenshot(path=IMAGES / "phone.png")
        await browser.close()


async def main() -> None:
    """Take the pictures."""
    with tempfile.TemporaryDirectory() as data:
        process, said = await _demo(Path(data))
        try:
            await _take(said)
        finally:
            process.terminate()
            await process.wait()
    for image in sorted(IMAGES.glob("*.png")):
        sys.stdout.write(f"{image.relative_to(ROOT)}\n")


if __name__ == "__main__":
    asyncio.run(main())
