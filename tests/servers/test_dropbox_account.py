"""Whom the fake of Dropbox lets in, which namespace a path is in, and how it is reached."""

import json
import pickle
import subprocess
import sys

import pytest
import requests
from dropbox.common import PathRoot
from dropbox.exceptions import ApiError, AuthError, BadInputError, PathRootError
from dropbox.files import FileMetadata

from . import Dropbox
from .test_dropbox import listed, read

NEVER = PathRoot.namespace_id("99")


@pytest.fixture
def client(dropbox_server):
    with dropbox_server.client() as client:
        yield client


@pytest.fixture
def post(dropbox_server):
    """Calls a route without the SDK: a session with a token, and the host's name."""
    with dropbox_server.session() as session:
        session.headers["Authorization"] = f"Bearer {dropbox_server.access_token}"

        def call(route, data=b"{}", host="api", kind="application/json", **headers):
            url = f"https://{host}.dropboxapi.com/2/{route}"
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return session.post(url, data, headers={"Content-Type": kind, **named})

        yield call


def refreshing(server, token=None, **more):
    settings = {"oauth2_refresh_token": token or server.refresh_token, "app_key": server.app_key}
    settings |= {"app_secret": server.app_secret, "oauth2_access_token": None, **more}
    return server.client(**settings)


def test_tokens_are_checked(dropbox_server):
    revoked, expired = dropbox_server.token(), dropbox_server.token()
    dropbox_server.revoke(revoked)
    dropbox_server.expire(expired)
    wrong = {"no token": "invalid", revoked: "invalid", expired: "expired"}
    for token, kind in wrong.items():
        with (
            dropbox_server.client(oauth2_access_token=token) as client,
            pytest.raises(AuthError) as error,
        ):
            client.files_list_folder("")
        assert error.value.error._tag == f"{kind}_access_token"


def test_expiring_every_token_leaves_the_servers_own_new(dropbox_server):
    old = dropbox_server.client()
    dropbox_server.expire()
    with old, pytest.raises(AuthError):
        old.files_list_folder("")
    with dropbox_server.client() as client:
        client.files_list_folder("")


def test_tokens_are_refreshed(dropbox_server):
    with dropbox_server.counting() as seen, refreshing(dropbox_server) as client:
        client.files_list_folder("")
        dropbox_server.expire()
        client.files_list_folder("")
    assert [(one.route, one.status) for one in seen] == [
        ("oauth2/token", 200),
        ("files/list_folder", 200),
        ("files/list_folder", 401),
        ("oauth2/token", 200),
        ("files/list_folder", 200),
    ]
    pkce = {"token": dropbox_server.pkce_refresh_token, "app_secret": None}
    with refreshing(dropbox_server, **pkce) as client:
        client.files_list_folder("")


def test_who_gets_no_new_token(dropbox_server, dropbox_root):
    for more in ({"app_secret": "wrong"}, {"app_key": "wrong"}, {"app_secret": None}):
        with refreshing(dropbox_server, **more) as client, pytest.raises(BadInputError):
            client.files_list_folder("")
    dropbox_server.revoke(dropbox_server.refresh_token)
    with refreshing(dropbox_server) as client, pytest.raises(AuthError):
        client.files_list_folder("")
    dropbox_server.restore(dropbox_server.refresh_token)
    with dropbox_server.session() as session:
        form = {"grant_type": "refresh_token", "refresh_token": dropbox_server.refresh_token}
        basic = (dropbox_server.app_key, dropbox_server.app_secret)
        answer = session.post("https://api.dropboxapi.com/oauth2/token", form, auth=basic)
        form["refresh_token"] = "never given"
        refusal = session.post("https://api.dropboxapi.com/oauth2/token", form, auth=basic)
    assert answer.json()["expires_in"] == 14_400
    assert (refusal.status_code, refusal.json()["error"]) == (400, "invalid_grant")


def test_scopes(dropbox_server, dropbox_root):
    token = dropbox_server.token(scopes=["files.metadata.read"])
    with dropbox_server.client(oauth2_access_token=token) as client:
        assert listed(client, dropbox_root) == []
        with pytest.raises(AuthError) as error:
            client.files_upload(b"1", f"{dropbox_root}/a")
    assert error.value.error.get_missing_scope().required_scope == "files.content.write"


def test_teams_say_who_is_meant(dropbox_server, dropbox_root):
    token = dropbox_server.token(team=True)
    for user, error in [(None, BadInputError), ("dbmid:other", AuthError)]:
        headers = {"Dropbox-API-Select-User": user} if user else None
        team = dropbox_server.client(oauth2_access_token=token, headers=headers)
        with team, pytest.raises(error):
            team.files_list_folder("")
    headers = {"Dropbox-API-Select-User": dropbox_server.member}
    with dropbox_server.client(oauth2_access_token=token, headers=headers) as member:
        assert listed(member, dropbox_root) == []


def test_namespaces(client, dropbox_server, dropbox_root):
    info = client.users_get_current_account().root_info
    assert info.home_namespace_id == dropbox_server.home_namespace
    team = client.with_path_root(PathRoot.root(info.root_namespace_id))
    shared = client.with_path_root(PathRoot.namespace_id(dropbox_server.shared_namespace))
    home = client.with_path_root(PathRoot.home)
    for number, one in enumerate((home, team, shared)):
        one.files_upload(b"%d" % number, f"{dropbox_root}/a")
    assert [read(one, f"{dropbox_root}/a") for one in (client, team, shared)] == [b"0", b"1", b"2"]
    place = f"ns:{dropbox_server.shared_namespace}{dropbox_root}"
    assert read(client, f"{place}/a") == b"2"
    assert isinstance(client.files_list_folder(place).entries[0], FileMetadata)


def test_wrong_namespaces(client, dropbox_server, dropbox_root):
    with pytest.raises(PathRootError) as error:
        client.with_path_root(NEVER).files_list_folder("")
    assert error.value.error.is_no_permission()
    old = client.with_path_root(PathRoot.root(dropbox_server.root_namespace))
    dropbox_server.settings(root=dropbox_server.home_namespace)
    with pytest.raises(PathRootError) as error:
        old.files_list_folder("")
    assert error.value.error.get_invalid_root().root_namespace_id == dropbox_server.home_namespace


def test_bad_requests(post, dropbox_server):
    assert "Unknown API function" in post("files/nothing").text
    for answer in (
        post("files/nothing"),
        post("files/get_metadata", b"no JSON"),
        post("files/get_metadata", b"{}"),
        post("files/get_metadata", b'{"path": "no slash"}'),
        post("files/get_metadata", b'{"path": "/a", "unknown": 1}'),
        post("files/get_metadata", b'{"path": "/a"}', host="content"),
        post("files/get_metadata", b'{"path": "/a"}', kind="text/xml"),
        post("files/list_folder", b'{"path": "", "limit": 2001}'),
        post("files/get_metadata", b'{"path": "/a"}', Authorization="Basic x"),
        post("files/get_metadata", b'{"path": "/a"}', Dropbox_API_Path_Root="home"),
        post("files/delete_batch/check", b'{"async_job_id": "x", "y": 1}'),
        post("files/move_batch_v2", b'{"entries": [{"from_path": "/a"}]}'),
        post("files/delete_batch", json.dumps({"entries": [{"path": "/a"}] * 1001})),
    ):
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].startswith("text/plain")


def test_headers_are_ascii(post, client, dropbox_root):
    path = f"{dropbox_root}/ü\u2028😀"
    raw = {"host": "content", "kind": "application/octet-stream"}
    sent = json.dumps({"path": path}, ensure_ascii=False).encode()
    assert post("files/upload", b"1", Dropbox_API_Arg=sent, **raw).status_code == 400
    arg = json.dumps({"path": path})
    assert post("files/upload", b"1", Dropbox_API_Arg=arg, **raw).json()["path_display"] == path
    answer = post("files/download", b"", Dropbox_API_Arg=arg, **raw)
    assert answer.headers["Dropbox-API-Result"].isascii()
    assert json.loads(answer.headers["Dropbox-API-Result"])["path_display"] == path
    etag = answer.headers["ETag"]
    again = post("files/download", b"", Dropbox_API_Arg=arg, If_None_Match=etag, **raw)
    assert again.status_code == 304


def test_connections_stay(client, dropbox_server, dropbox_root, fault_proxy):
    proxy = fault_proxy(dropbox_server, http=False)
    with dropbox_server.client(via=proxy) as client:
        for number in range(20):
            client.files_upload(b"1", f"{dropbox_root}/{number}")
            read(client, f"{dropbox_root}/{number}")
    assert proxy.connections == 1
    proxy.cut(down=1, times=99)
    with (
        dropbox_server.client(via=proxy) as client,
        pytest.raises(requests.ConnectionError),
    ):
        client.files_list_folder("")


def test_sessions_can_be_pickled(dropbox_server, dropbox_root):
    for _ in range(2):
        session = pickle.loads(pickle.dumps(dropbox_server.session()))
        with dropbox_server.client(session=session) as client:
            assert listed(client, dropbox_root) == []


def test_another_process_needs_its_environment_only(dropbox_server, dropbox_root):
    program = (
        "import sys, dropbox\n"
        "with dropbox.Dropbox(sys.argv[1]) as client:\n"
        "    made = client.files_upload(b'1', sys.argv[2])\n"
        "    print(client.files_get_temporary_link(made.id).link)\n"
    )
    command = [sys.executable, "-c", program, dropbox_server.access_token, f"{dropbox_root}/a"]
    done = subprocess.run(command, env=dropbox_server.env, capture_output=True, check=True)
    link = done.stdout.decode().strip()
    assert link.startswith(f"https://127.0.0.1:{dropbox_server.port}/")
    assert requests.get(link, verify=dropbox_server.ca_file).content == b"1"


def test_nothing_is_left_after_a_reset():
    with Dropbox() as server, server.client() as client:
        client.files_upload(b"1", "/a")
        server.reset()
        assert listed(client, "") == []
        assert len(server.calls) == 1
        with pytest.raises(ApiError):
            client.files_get_metadata("/a")
