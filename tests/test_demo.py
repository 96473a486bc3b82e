"""The demo in a real browser: pictures and styles come from its S3 server, and leave it again."""

import importlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

DEMO = Path(__file__).resolve().parents[1] / "demo"
START = 120  # seconds; the S3 server and `collectstatic` are slow on a busy machine
WAIT = 30  # seconds

need = importlib.import_module if os.environ.get("CI") else pytest.importorskip
boto3 = need("boto3")
if find_spec("moto") is None:  # imported here, it would look at the requests of all tests
    need("moto")
drawing = need("PIL.Image")
webdriver = need("selenium.webdriver")
Keys = need("selenium.webdriver.common.keys").Keys
WebDriverWait = need("selenium.webdriver.support.ui").WebDriverWait


@contextmanager
def running_demo(folder):
    """The running demo's addresses and login, as it prints them; stopped as by Ctrl-C."""
    command = [sys.executable, DEMO / "run.py", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(folder), "AWS_PROFILE": "nobody"}
    with (
        open(folder / "demo.log", "w") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        ) as process,
    ):
        printed = ""
        with deadline(process, START):
            while "Ctrl-C" not in printed:
                line = process.stdout.readline()
                assert line, f"the demo did not start: {printed}{(folder / 'demo.log').read_text()}"
                printed += line
        try:
            yield as_printed(printed, process)
        finally:
            process.send_signal(signal.SIGINT)
            with deadline(process, WAIT):
                process.communicate()


@contextmanager
def deadline(process, seconds):
    """Kill the process when the block takes longer."""
    alarm = threading.Timer(seconds, process.kill)
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def as_printed(text, process):
    site = re.search(r"Gallery +(\S+)", text)[1]
    user, password = re.search(r"login: (\S+) / (\S+)", text).groups()
    server, bucket = re.search(r"Bucket +(http://\S+)/(\S+)", text).groups()
    client = boto3.client(
        "s3",
        endpoint_url=server,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    def keys(prefix="media/"):
        found = client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return sorted(entry["Key"] for entry in found)

    return SimpleNamespace(
        site=site, user=user, password=password, server=server, keys=keys, process=process
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("needs Debian's packages chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-dev-shm-usage"
    flags += " disable-background-networking disable-component-update disable-sync"
    for flag in flags.split():
        options.add_argument(f"--{flag}")
    options.add_argument("--window-size=1200,1000")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as browser:
        yield browser


class Page:
    """The browser with the few gestures that the tests are made of; every wait is for a state."""

    def __init__(self, browser, demo):
        self.browser, self.demo = browser, demo

    def open(self, path=""):
        self.browser.get(self.demo.site + path)

    def run(self, script, *arguments):
        return self.browser.execute_script(f"return {script}", *arguments)

    def all(self, selector):
        return self.browser.find_elements("css selector", selector)

    def one(self, selector):
        return self.wait(lambda: self.all(selector), f"no {selector}")[0]

    def wait(self, condition, message):
        patience = WebDriverWait(self.browser, WAIT)
        return patience.until(lambda _: condition(), f"{message}; page: {self.browser.page_source}")

    def titles(self):
        return sorted(self.run("[...document.querySelectorAll('.card h2')].map(e => e.innerText)"))

    def upload(self, *paths):
        self.one("#pictures").send_keys("\n".join(map(str, paths)))

    def wait_for_pictures(self, *titles):
        """Until exactly these pictures are shown, loaded in full."""
        self.wait(lambda: self.titles() == sorted(titles), f"not the pictures {titles}")
        loaded = "[...document.images].every(i => i.complete && i.naturalWidth > 0)"
        self.wait(lambda: self.run(loaded), "a picture did not load")

    def press(self, *keys):
        for key in keys:
            self.browser.switch_to.active_element.send_keys(key)

    def hosts(self):
        """Where everything on the page came from."""
        found = self.run("performance.getEntriesByType('resource').map(e => e.name)")
        return {"{0.scheme}://{0.netloc}".format(urlsplit(address)) for address in found}


@pytest.fixture
def page(chromium, demo):
    """The page of an empty gallery; what a test leaves in it is deleted afterwards."""
    page = Page(chromium, demo)
    page.open()
    yield page
    chromium.delete_all_cookies()
    page.open()
    while page.all(".bin"):
        delete_first_by_keyboard(page)


def delete_first_by_keyboard(page):
    first = page.one(".bin")
    page.run("arguments[0].focus()", first)
    page.press(Keys.ENTER)
    page.wait(lambda: page.browser.switch_to.active_element.text == "Keep it", "no question")
    loaded = page.run("performance.timeOrigin")
    page.press(Keys.TAB, Keys.ENTER)
    page.wait(lambda: page.run("performance.timeOrigin") != loaded, "the picture was not deleted")
    page.wait(lambda: page.run("document.readyState") == "complete", "the page did not load")
    assert "is deleted" in page.one(".notice.success").text


def picture(path, colour, size=(1200, 900)):
    drawing.new("RGB", size, colour).save(path)
    return path


def test_uploaded_pictures_load_from_s3_and_are_deleted_with_their_row(page, tmp_path):
    assert page.one(".empty h2").text == "No pictures yet"
    red = picture(tmp_path / "red_barn.png", "darkred")
    blue = picture(tmp_path / "blue lake.jpg", "navy", (300, 2000))
    page.upload(red, blue)
    page.wait_for_pictures("red barn", "blue lake")

    for image in page.all(".frame img"):
        source = urlsplit(image.get_attribute("src"))
        assert f"{source.scheme}://{source.netloc}" == page.demo.server
        assert source.path.startswith("/gallery/media/thumbnails/")
        query = parse_qs(source.query)
        assert len(query["X-Amz-Signature"][0]) == 64
        assert query["X-Amz-Expires"] == ["600"]
        sides = page.run("[arguments[0].naturalWidth, arguments[0].naturalHeight]", image)
        assert max(sides) == 800
    shown = sorted(element.text for element in page.all(".size"))
    assert shown == sorted(f"{path.stat().st_size / 1024:.1f} KB" for path in (red, blue))
    assert all(re.search(r"now|ago", element.text) for element in page.all(".card time"))
    assert [key.rpartition("/")[2] for key in page.demo.keys("media/pictures/")] == [
        "blue_lake.jpg",
        "red_barn.png",
    ]

    page.upload(red)
    page.wait_for_pictures("red barn", "red barn", "blue lake")
    assert len(page.demo.keys()) == 6, "a name that is taken must not overwrite"

    while page.all(".bin"):
        before = page.demo.keys()
        delete_first_by_keyboard(page)
        assert len(page.demo.keys()) == len(before) - 2
    assert page.demo.keys() == []


def test_the_picture_itself_opens_by_its_signed_url(page, tmp_path):
    name = "fjäll 山 " + "w" * 120  # longer than the column of the key
    page.upload(picture(tmp_path / f"{name}.png", "teal", (1500, 500)))
    page.wait_for_pictures(name[:120])
    page.browser.get(page.one(".frame").get_attribute("href"))
    page.wait(lambda: page.run("document.images[0]?.naturalWidth") == 1500, "no picture")


def test_keeping_a_picture_keeps_it(page, tmp_path):
    page.upload(picture(tmp_path / "kept.png", "olive"))
    page.wait_for_pictures("kept")
    page.one(".bin").click()
    page.wait(lambda: page.all("dialog[open]"), "no question")
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.all("dialog[open]"), "the question stayed")
    page.open()
    page.wait_for_pictures("kept")
    assert len(page.demo.keys()) == 2


def test_what_is_no_picture_is_refused_and_nothing_is_stored(page, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("Not a picture.")
    torn = picture(tmp_path / "torn.jpg", "maroon")
    torn.write_bytes(torn.read_bytes()[:-900])
    page.upload(picture(tmp_path / "fine.png", "green"), notes, torn)
    error = page.one(".notice.error").text
    assert "Nothing was stored" in error
    assert "“notes.txt”: This is not a picture" in error
    assert page.titles() == []
    assert page.demo.keys() == []

    page.upload(torn)
    page.wait(lambda: "notes.txt" not in page.one(".notice.error").text, "still the old error")
    assert "“torn.jpg”: This is not a picture" in page.one(".notice.error").text
    assert page.demo.keys() == []


def test_the_samples_fill_an_empty_gallery(page):
    page.one(".empty button").click()
    page.wait(lambda: len(page.titles()) == 6, "no samples")
    page.wait_for_pictures(*page.titles())
    assert len(page.demo.keys()) == 12


def test_styles_and_scripts_come_from_the_bucket_and_nothing_from_elsewhere(page):
    sheet = page.run("document.styleSheets[0].href")
    assert sheet.startswith(f"{page.demo.server}/gallery/static/gallery/gallery")
    assert "?" not in sheet, "static files need no signature"
    assert page.run("getComputedStyle(document.querySelector('.drop')).borderRadius") == "18px"
    assert page.hosts() == {page.demo.server}


def test_the_admin_is_styled_and_adds_pictures_too(page, tmp_path):
    page.open("admin/")
    sheets = page.run("[...document.styleSheets].map(e => e.href).filter(Boolean)")
    assert sheets
    assert all(sheet.startswith(f"{page.demo.server}/gallery/static/admin/") for sheet in sheets)
    header = "getComputedStyle(document.querySelector('#header')).backgroundColor"
    assert page.run(header) != "rgba(0, 0, 0, 0)", "the admin's header has no colour"
    assert page.hosts() <= {page.demo.server, page.demo.site.rstrip("/")}
    page.one("#id_username").send_keys(page.demo.user)
    page.one("#id_password").send_keys(page.demo.password, Keys.ENTER)
    page.one("#user-tools")

    page.open("admin/gallery/picture/add/")
    page.one("#id_title").send_keys("By hand")
    page.one("#id_image").send_keys(str(picture(tmp_path / "hand.png", "purple")))
    page.one("#id_title").send_keys(Keys.ENTER)
    page.one("#result_list td.field-preview img, #result_list th.field-preview img")
    loaded = "document.querySelector('#result_list img').naturalWidth"
    page.wait(lambda: page.run(loaded) == 800, "no thumbnail in the admin")
    assert page.demo.keys() == ["media/pictures/hand.png", "media/thumbnails/hand.webp"]


def test_ctrl_c_ends_the_demo_and_leaves_nothing(tmp_path):
    with running_demo(tmp_path) as demo:
        assert list(tmp_path.glob("storehouse-demo-*/db.sqlite3"))
    assert demo.process.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["demo.log"]
    assert (tmp_path / "demo.log").read_text() == ""
    for address in (demo.site, demo.server):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), 5)
