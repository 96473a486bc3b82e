"""The fake of Dropbox as it is called: three styles of routes, links, and what tests tell it.

https://www.dropbox.com/developers/documentation/http/documentation#formats
https://www.dropbox.com/developers/reference/json-encoding
"""

import json
import secrets
from typing import Any

from .dropbox_account import NAMESPACES, Account
from .dropbox_errors import ApiError, BadRequest, Fields
from .dropbox_faults import Fault, Faults, Seen
from .dropbox_jobs import ASKS
from .dropbox_listing import PAGE
from .dropbox_media import linked, media, safe
from .dropbox_routes import Files, Route
from .dropbox_sessions import REQUEST
from .dropbox_tree import Tree
from .wire import Answer, Call

HOSTS = {"rpc": "api.dropboxapi.com", "upload": "content.dropboxapi.com"}
HOSTS["download"] = HOSTS["upload"]
LINKS = "/cd/0/get/"
LONGEST = 200  # characters of what is remembered of an argument
KINDS = {
    "rpc": ("application/json", "application/json; charset=utf-8"),
    "upload": ("application/octet-stream", "text/plain; charset=dropbox-cors-hack"),
    "download": ("", "application/octet-stream", "text/plain", "text/plain; charset=utf-8"),
}


class Dropbox:
    """Answers every call."""

    def __init__(self) -> None:
        self.account = Account()
        self.faults = Faults()
        self.files = Files(NAMESPACES, self.account, self.faults)
        self._routes = self.files.routes()
        self._routes["files/get_temporary_link"] = Route(
            "rpc", "files.content.read", lambda tree, arg, data: None, ("path",)
        )

    def handle(self, call: Call) -> Answer:
        if call.path.startswith("/_control/"):
            wanted = call.path.removeprefix("/_control/")
            return Answer(body={"result": getattr(self, f"_do_{wanted}")(**call.json())})
        if not call.complete:
            return Answer(400)  # nobody is left to read it
        route, arg = _what(call)
        fault = self.faults.of(route, arg)
        if fault and fault.stall:
            self.faults.healed.wait(fault.stall)
        answer = fault.answer(route) if fault and not fault.after else None
        answer = answer or self._answer(route, arg, call)
        if fault and fault.after:
            answer = fault.answer(route) or answer
        about = arg if len(arg) <= LONGEST else arg[:LONGEST] + "..."
        down = 0 if isinstance(answer.body, dict) else len(answer.body)
        self.faults.note(Seen(route, about, answer.status, len(call.body), down))
        return _hurt(call, answer, fault) if fault else answer

    def _answer(self, route: str, arg: str, call: Call) -> Answer:
        try:
            answer = self._attempt(route, arg, call)
        except ApiError as error:
            answer = error.answer()
        except BadRequest as error:
            answer = error.answer(route)
        except KeyError as error:
            answer = BadRequest(f"request body: missing required field {error}").answer(route)
        answer.headers["X-Dropbox-Request-Id"] = secrets.token_hex(16)
        return answer

    def _attempt(self, name: str, text: str, call: Call) -> Answer:
        if name == "link":
            return linked(self.files.store.links.get(call.path.split("/")[4]), call)
        if name == "oauth2/token":
            return self.account.grant(call)
        if not (route := self._routes.get(name)):
            raise BadRequest(f'Unknown API function: "{name}"')
        _check_form(route, call)
        self.account.authorize(call.headers, route.scope)
        root = self.account.namespace(call.headers.get("dropbox-api-path-root"))
        arg = _argument(route, text)
        tree = self.files.store.trees[root]
        if name == "files/download":
            return self._download(tree, arg, call)
        if name == "files/get_temporary_link":
            return _json(self._link(tree, arg, call))
        if route.style == "upload":
            return _json(route.act(tree, arg, call.body))
        with self.files.store.lock:
            return _json(route.act(tree, arg, b""))

    def _download(self, tree: Tree, arg: Fields, call: Call) -> Answer:
        path = f"rev:{arg['rev']}" if arg.get("rev") else arg["path"]
        with self.files.store.lock:
            try:
                node, revision = self.files.store.file(tree, path)
            except ApiError as error:
                raise error.within("path") from None
            shown = node.metadata(revision, tagged=False)
        answer = media(revision, call)
        if answer.status in (200, 206):
            answer.headers["Dropbox-API-Result"] = safe(shown)
        return answer

    def _link(self, tree: Tree, arg: Fields, call: Call) -> Fields:
        with self.files.store.lock:
            try:
                shown, key = self.files.store.link(tree, arg)
            except ApiError as error:
                raise error.within("path") from None
        host = call.headers.get("host", "")
        if host == HOSTS["rpc"]:
            host = f"uc{secrets.token_hex(8)}.dl.dropboxusercontent.com"
        return {"metadata": shown, "link": f"https://{host}{LINKS}{key}/file"}

    # What tests tell it: /_control/<name>

    def _do_reset(self) -> None:
        """Nothing is stored, remembered or to fail; tokens stay."""
        self.files.store.reset()
        self.files.sessions.forget()
        self.files.listings.forget()
        self.files.jobs.reset()
        self.account.reset()
        self._do_work()
        self.faults.forget()

    def _do_make(self, path: str) -> None:
        """A folder in each namespace."""
        with self.files.store.lock:
            for tree in self.files.store.trees.values():
                self.files.store.make_folder(tree, {"path": path})

    def _do_tidy(self, path: str) -> None:
        """Everything as it was before the folder was made, but for tokens that have ended."""
        self._do_work()
        self.account.reset()
        settings = {"asks": ASKS, "page": PAGE, "hollow": 0, "largest": REQUEST}
        self._do_settings(**settings)
        with self.files.store.lock:
            self.files.sessions.forget()
            for tree in self.files.store.trees.values():
                if node := self.files.store.locate(tree, path).node:
                    tree.remove(node)

    def _do_fail(self, **wanted: Any) -> None:
        self.faults.add(wanted)

    def _do_work(self) -> None:
        self.faults.clear()
        self.files.store.quota = None

    def _do_log(self, since: int = 0) -> Fields:
        return self.faults.seen(since=since)

    def _do_forget_log(self) -> None:
        self.faults.forget()

    def _do_token(self, scopes: list[str] | None = None, team: bool = False) -> str:
        return self.account.give(**({"scopes": tuple(scopes)} if scopes else {}), team=team)

    def _do_expire(self, token: str | None = None) -> None:
        self.account.expire(token)

    def _do_revoke(self, token: str) -> None:
        self.account.revoke(token)

    def _do_restore(self, token: str) -> None:
        self.account.revoked_refresh_tokens.discard(token)

    def _do_expire_links(self) -> None:
        for link in self.files.store.links.values():
            link.ends = 0

    def _do_forget_cursors(self) -> None:
        self.files.listings.forget()

    def _do_sessions(self) -> dict[str, int]:
        return self.files.sessions.unfinished

    def _do_forget_sessions(self) -> None:
        self.files.sessions.forget()

    def _do_settings(self, **wanted: Any) -> None:
        owners: dict[str, object] = {
            "asks": self.files.jobs,
            "page": self.files.listings,
            "hollow": self.files.listings,
            "largest": self.files.sessions,
            "quota": self.files.store,
            "root": self.account,
            "lifetime": self.account,
        }
        for name, value in wanted.items():
            setattr(owners[name], name, value)


def _what(call: Call) -> tuple[str, str]:
    """The route, and its argument as it came."""
    path = call.path
    if path.startswith(LINKS):
        return "link", ""
    if not path.startswith("/2/"):
        return path.removeprefix("/"), ""
    if (header := call.headers.get("dropbox-api-arg")) is not None:
        return path.removeprefix("/2/"), header
    if "arg" in (query := call.query):
        return path.removeprefix("/2/"), query["arg"]
    if call.headers.get("content-type", "").startswith("application/json"):
        return path.removeprefix("/2/"), call.body.decode("utf-8", "replace")
    return path.removeprefix("/2/"), ""


def _check_form(route: Route, call: Call) -> None:
    if call.method != "POST" and not (route.style == "download" and call.method == "GET"):
        raise BadRequest(f"Expecting HTTP method POST, got {call.method}.")
    host = call.headers.get("host", "")
    if host.endswith(".dropboxapi.com") and host != HOSTS[route.style]:
        raise BadRequest(f"This function is not at {host}, but at {HOSTS[route.style]}.")
    kind = call.headers.get("content-type", "").lower()
    if kind not in KINDS[route.style] and (call.body or route.style != "rpc"):
        raise BadRequest(f'Bad HTTP "Content-Type" header: "{kind}".')


def _argument(route: Route, text: str) -> Fields:
    """A header has nothing but ASCII: other characters come as JSON escapes them."""
    if route.style != "rpc" and not text.isascii():
        raise BadRequest('HTTP header "Dropbox-API-Arg": could not decode input as JSON')
    try:
        arg = json.loads(text) if text else None
    except ValueError:
        raise BadRequest("could not decode input as JSON") from None
    arg = {} if arg is None else arg
    if not isinstance(arg, dict):
        raise BadRequest(f"expected object, got {type(arg).__name__}")
    if missing := [name for name in route.needs if name not in arg]:
        raise BadRequest(f"request body: missing required field {missing[0]!r}")
    if unknown := arg.keys() - {*route.needs, *route.may}:
        raise BadRequest(f"request body: unknown field {min(unknown)!r}")
    return arg


def _json(result: Fields | None) -> Answer:
    # The SDK compares the content type with no charset.
    return Answer(200, json.dumps(result).encode(), {"Content-Type": "application/json"})


def _hurt(call: Call, answer: Answer, fault: Fault) -> Answer:
    if fault.drop:
        raise ConnectionAbortedError("as a test wished")
    if fault.cut is not None:
        content = answer.content()
        answer.headers["Content-Length"] = str(len(content))
        answer.body = memoryview(content)[: fault.cut]
        call.headers = {**call.headers, "connection": "close"}
    return answer
