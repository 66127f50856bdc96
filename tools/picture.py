"""The picture of the page in the README: the demo's page as a browser shows it. Needs Chromium.

python tools/picture.py demo/report.html docs/images/page.png
"""

from __future__ import annotations

import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1120, "height": 1000}
#: Colours of the picture: it is text and a few lines.
COLOURS = 64
MARGIN = 24


def main(page: Path, picture: Path) -> None:
    """Draw the first claim of a page, opened: what is said for and against it, and the chain of its lines."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise SystemExit(f"picture: no browser (looked for {', '.join(BROWSERS)})")
    picture.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox", "--hide-scrollbars"])
        opened = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
        opened.goto(f"{page.resolve().as_uri()}#claim-1")
        opened.wait_for_selector("#claim-1 .graph")
        claim, chain = (opened.locator(one).bounding_box() for one in ("#claim-1", "#claim-1 .graph"))
        clip = {
            "x": claim["x"] - MARGIN,
            "y": claim["y"] + opened.evaluate("window.scrollY"),
            "width": claim["width"] + 2 * MARGIN,
            "height": chain["y"] + chain["height"] - claim["y"] + MARGIN,
        }
        shot = opened.screenshot(full_page=True, clip=clip)
        browser.close()
    with Image.open(BytesIO(shot)) as image:
        image.convert("RGB").quantize(COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
