"""Takes the picture of the gallery that the docs show: python demo/screenshot.py [FILE.png]

Needs selenium, Chromium and ChromeDriver beside what the demo needs.
"""

import shutil
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from threading import Thread

import run

WIDTH, HEIGHT = 1200, 1110  # pixels
AGES = (3, 17, 52, 130, 900, 2900)  # minutes


def main(target=run.HERE.parent / "docs" / "images" / "demo.png"):
    with run.site(0) as server:
        fill_gallery()
        Thread(target=server.serve_forever, daemon=True).start()
        png = photograph(f"http://{run.HOST}:{server.server_port}/")
        server.shutdown()
    write(png, Path(target))


def fill_gallery():
    """The sample pictures, as if they had been uploaded some time ago."""
    from django.utils import timezone
    from gallery.forms import UploadForm
    from gallery.samples import sample_files

    form = UploadForm(files={"pictures": sample_files()})
    if not form.is_valid():
        raise SystemExit(form.errors.as_text())
    for picture, minutes in zip(form.save(), AGES, strict=True):
        picture.uploaded = timezone.now() - timedelta(minutes=minutes)
        picture.save()


def photograph(address):
    """The page as a PNG, once its pictures are there."""
    from selenium import webdriver
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("headless", "no-sandbox", "disable-gpu", "hide-scrollbars", "no-first-run"):
        options.add_argument(f"--{flag}")
    for flag in ("background-networking", "component-update", "sync"):
        options.add_argument(f"--disable-{flag}")
    options.add_argument(f"--window-size={WIDTH},{HEIGHT}")
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as browser:
        screen = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        browser.get(address)
        loaded = "return [...document.images].every(i => i.complete && i.naturalWidth)"
        WebDriverWait(browser, 20).until(lambda browser: browser.execute_script(loaded))
        return browser.get_screenshot_as_png()


def write(png, target):
    """Write the picture without its alpha channel, packed as tightly as PNG can."""
    from PIL import Image

    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(BytesIO(png)) as picture:
        picture.convert("RGB").save(target, "PNG", optimize=True)
    print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:2])
