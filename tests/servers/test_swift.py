"""What Swift does, through Libcloud's driver, and what the driver itself cannot ask for."""

import io
import os
import urllib.error
import urllib.parse
import urllib.request
from hashlib import md5

import pytest
from libcloud.common.types import InvalidCredsError
from libcloud.storage.types import ObjectDoesNotExistError, ObjectHashMismatchError

from . import count_requests

MIB = 1 << 20
ODD = "a b/ü+%20#?;&=.txt"


@pytest.fixture
def driver(swift):
    driver = swift.driver()
    yield driver
    driver.connection.connection.session.close()


@pytest.fixture
def container(driver, swift_container):
    return driver.get_container(swift_container)


@pytest.fixture
def ask(swift, driver, container):
    """Send a request of one's own; its status, body and headers."""

    def send(name, method="GET", data=None, **headers):
        url = f"{swift.url_through(None)}/{container.name}/{urllib.parse.quote(name)}"
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        headers["X-Auth-Token"] = driver.connection.auth_token
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    return send


def put(driver, container, name, body, **more):
    return driver.upload_object_via_stream(io.BytesIO(body), container, name, **more)


def names(driver, container, prefix=None):
    return [item.name for item in driver.iterate_container_objects(container, prefix=prefix)]


def test_objects_come_back(driver, container):
    for name, body in {"a/b": b"here", "empty": b"", "large": os.urandom(3 * MIB)}.items():
        stored = put(driver, container, name, body, extra={"content_type": "text/x-odd"})
        found = driver.get_object(container.name, name)
        assert (found.size, found.extra["content_type"]) == (len(body), "text/x-odd")
        assert stored.hash == found.hash
        assert b"".join(driver.download_object_as_stream(found)) == body, name


def test_a_stream_is_stored_and_then_read_once_more(driver, container):
    """The driver compares checksums: a stream that cannot be rewound is stored, with an error."""
    pieces = [os.urandom(70_000) for _ in range(20)]
    with pytest.raises(ObjectHashMismatchError):
        driver.upload_object_via_stream(iter(pieces), container, "streamed")
    found = driver.get_object(container.name, "streamed")
    assert (found.size, found.hash) == (20 * 70_000, md5(b"".join(pieces)).hexdigest())


def test_a_range_is_what_was_asked_for(driver, container):
    put(driver, container, "digits", b"0123456789")
    found = driver.get_object(container.name, "digits")
    assert b"".join(driver.download_object_range_as_stream(found, 2, 5)) == b"234"
    assert b"".join(driver.download_object_range_as_stream(found, 7)) == b"789"


def test_a_range_behind_the_end_is_refused(driver, container, ask):
    put(driver, container, "digits", b"0123456789")
    assert ask("digits", Range="bytes=10-")[0] == 416


def test_listings_are_sorted_and_know_prefixes(driver, container):
    for name in ("b/2", "a", "b/1", "bb"):
        put(driver, container, name, b"x")
    assert names(driver, container) == ["a", "b/1", "b/2", "bb"]
    assert names(driver, container, "b/") == ["b/1", "b/2"]
    assert names(driver, container, "none/") == []


def test_listings_know_directories(driver, container, ask):
    for name in ("b/2", "a", "b/c/1"):
        put(driver, container, name, b"x")
    answer = driver.connection.request(f"/{container.name}", params={"delimiter": "/"})
    assert [item.get("subdir", item.get("name")) for item in answer.object] == ["a", "b/"]


def test_odd_names_are_names(driver, container, ask):
    put(driver, container, ODD, b"odd")
    assert names(driver, container) == [ODD]
    assert driver.get_object(container.name, ODD).size == 3
    assert ask(ODD)[:2] == (200, b"odd")
    driver.delete_object(driver.get_object(container.name, ODD))
    assert names(driver, container) == []


def test_the_driver_does_not_quote_names_that_it_downloads(driver, container):
    """Else the storage need not do it for the driver."""
    put(driver, container, "100%25", b"right")
    put(driver, container, "100%", b"wrong")
    found = driver.get_object(container.name, "100%25")
    assert b"".join(driver.download_object_as_stream(found)) == b"wrong"


def test_deleting(driver, container):
    put(driver, container, "gone", b"x")
    found = driver.get_object(container.name, "gone")
    assert driver.delete_object(found)
    with pytest.raises(ObjectDoesNotExistError):
        driver.delete_object(found)
    with pytest.raises(ObjectDoesNotExistError):
        driver.get_object(container.name, "gone")


def test_conditions_of_reading(driver, container, ask):
    stored = put(driver, container, "name", b"body")
    assert ask("name", If_Match=f'"{stored.hash}"')[:2] == (200, b"body")
    assert ask("name", If_Match='"00000000000000000000000000000000"')[0] == 412
    assert ask("name", If_None_Match=f'"{stored.hash}"')[0] == 304


def test_a_new_name_can_be_claimed_once(ask):
    assert ask("name", "PUT", b"first", If_None_Match="*")[0] == 201
    assert ask("name", "PUT", b"second", If_None_Match="*")[0] == 412
    assert ask("name")[1] == b"first"


def test_a_wrong_checksum_is_refused(ask):
    assert ask("name", "PUT", b"body", ETag="0" * 32)[0] == 422
    assert ask("name")[0] == 404


def test_copies_are_made_by_the_server(driver, container, ask):
    put(driver, container, "source", b"body", extra={"content_type": "text/x-odd"})
    status, _, _ = ask("copy", "PUT", X_Copy_From=f"{container.name}/source")
    assert status == 201
    body, headers = ask("copy")[1:]
    assert (body, headers["Content-Type"]) == (b"body", "text/x-odd")


def test_metadata_and_headers_are_kept(driver, container, ask):
    extra = {"meta_data": {"color": "blue"}, "content_disposition": "attachment"}
    put(driver, container, "name", b"body", extra=extra)
    assert driver.get_object(container.name, "name").meta_data == {"color": "blue"}
    assert ask("name")[2]["Content-Disposition"] == "attachment"


def test_a_temporary_url_can_be_fetched_until_it_is_changed(swift, driver, container):
    put(driver, container, "name", b"body")
    driver.ex_set_account_metadata_temp_url_key("a secret")
    url = driver.ex_get_object_temp_url(driver.get_object(container.name, "name"))
    query = urllib.parse.urlsplit(url).query
    here = f"{swift.url_through(None)}/{container.name}/name"
    with urllib.request.urlopen(f"{here}?{query}") as answer:
        assert answer.read() == b"body"
    for wrong in (here, f"{here}?{query.replace('sig=', 'sig=0')}"):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(wrong)
        error.value.close()
        assert error.value.code == 401


def test_a_wrong_key_is_refused(swift, monkeypatch):
    monkeypatch.setattr(type(swift), "key", "wrong")
    with pytest.raises(InvalidCredsError):
        swift.driver().list_containers()


def test_an_upload_that_is_cut_stores_nothing(swift, driver, container, ask):
    def broken():
        yield os.urandom(MIB)
        raise OSError("cut here")

    with pytest.raises(OSError, match="cut here"):
        driver.upload_object_via_stream(broken(), container, "cut")
    assert ask("cut")[0] == 404


def test_requests_can_be_counted(swift, swift_container, fault_proxy):
    proxy = fault_proxy(swift)
    driver = swift.driver(proxy)
    with count_requests(proxy) as seen:
        container = driver.get_container(swift_container)
        put(driver, container, "name", b"body")
    driver.connection.connection.session.close()
    place = f"/v1/AUTH_storehouse/{swift_container}"
    login = "GET /auth/v1.0"  # how often is the driver's affair
    assert seen[0] == login
    wanted = [f"HEAD {place}?format=json", f"PUT {place}/name?format=json"]
    assert [each for each in seen if each != login] == wanted


def test_a_container_is_new_and_gone_afterwards(swift, driver):
    with swift.container() as name:
        put(driver, driver.get_container(name), "left/behind", b"x")
    assert name not in [container.name for container in driver.iterate_containers()]
