"""Whom the fake of Dropbox knows: an account of a team, its apps' tokens, its namespaces.

https://www.dropbox.com/developers/documentation/http/documentation#oauth2-token
https://www.dropbox.com/developers/reference/path-root-header-modes
"""

import base64
import contextlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from .dropbox_errors import BadRequest, Fields, Unauthorized, WrongRoot
from .wire import Answer, Call

APP_KEY, APP_SECRET = "storehouse-key", "storehouse-secret"
REFRESH_TOKEN = "storehouse-refresh-token"
PKCE_REFRESH_TOKEN = "storehouse-refresh-token-of-pkce"  # whose app needs no secret
HOME, ROOT, SHARED = "2001", "3001", "4001"  # namespaces; others are not for this account
NAMESPACES = [HOME, ROOT, SHARED]
MEMBER = "dbmid:storehouse-tester"
HOME_PATH = "/Storehouse Tester"
LIFETIME = 14_400  # seconds of an access token
SCOPES = (
    "account_info.read",
    "files.metadata.read",
    "files.content.read",
    "files.content.write",
)
JSON = {"Content-Type": "application/json"}


@dataclass(slots=True)
class Token:
    ends: float
    scopes: tuple[str, ...] = SCOPES
    team: bool = False  # of a whole team: who is meant, has to be said
    revoked: bool = False


class Account:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """All of what tests change but the tokens."""
        self.root = ROOT
        self.lifetime = LIFETIME
        self.revoked_refresh_tokens: set[str] = set()
        self._tokens: dict[str, Token] = getattr(self, "_tokens", {})

    def give(self, *, scopes: tuple[str, ...] = SCOPES, team: bool = False) -> str:
        """A new access token."""
        token = f"sl.{secrets.token_urlsafe(48)}"
        self._tokens[token] = Token(time.time() + self.lifetime, scopes, team)
        return token

    def expire(self, token: str | None) -> None:
        """This token, or each one."""
        for one, state in self._tokens.items():
            if token in (None, one):
                state.ends = 0

    def revoke(self, token: str) -> None:
        if token in self._tokens:
            self._tokens[token].revoked = True
        self.revoked_refresh_tokens.add(token)

    def authorize(self, headers: Mapping[str, str], scope: str | None) -> None:
        if not (authorization := headers.get("authorization")):
            raise BadRequest(
                'Must provide HTTP header "Authorization" or URL parameter "authorization".'
            )
        kind, _, value = authorization.partition(" ")
        if kind != "Bearer" or not value.strip():
            raise BadRequest('Invalid authorization value in HTTP header "Authorization".')
        token = self._tokens.get(value)
        if not token or token.revoked:
            raise Unauthorized("invalid_access_token")
        if token.ends <= time.time():
            raise Unauthorized("expired_access_token")
        self._check_user(token, headers.get("dropbox-api-select-user"))
        if scope and scope not in token.scopes:
            raise Unauthorized("missing_scope", required_scope=scope)

    def _check_user(self, token: Token, user: str | None) -> None:
        if token.team and user is None:
            raise BadRequest(
                "This API function operates on a single Dropbox account, but the OAuth 2 access "
                "token you provided is for an entire Dropbox Business team."
            )
        if user is not None and (not token.team or user != MEMBER):
            raise Unauthorized("invalid_select_user")

    def namespace(self, header: str | None) -> str:
        """The namespace that paths are relative to."""
        if header is None:
            return HOME
        try:
            asked = json.loads(header)
            asked = {".tag": asked} if isinstance(asked, str) else asked
            kind = asked[".tag"]
            value = HOME if kind == "home" else str(asked[kind])
        except (ValueError, KeyError, TypeError):
            raise BadRequest('Invalid value in HTTP header "Dropbox-API-Path-Root".') from None
        if kind == "root" and value != self.root:
            raise WrongRoot("invalid_root", invalid_root=self.root_info)
        if value not in NAMESPACES:
            raise WrongRoot("no_permission")
        return value

    @property
    def root_info(self) -> Fields:
        place = {"root_namespace_id": self.root, "home_namespace_id": HOME}
        if self.root == HOME:
            return {".tag": "user", **place}
        return {".tag": "team", **place, "home_path": HOME_PATH}

    def described(self) -> Fields:
        name = "Storehouse Tester"
        return {
            "account_id": "dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc",
            "name": {
                "given_name": "Storehouse",
                "surname": "Tester",
                "familiar_name": "Storehouse",
                "display_name": name,
                "abbreviated_name": "ST",
            },
            "email": "tester@example.com",
            "email_verified": True,
            "disabled": False,
            "country": "DE",
            "locale": "en",
            "referral_link": "https://www.dropbox.com/referrals/storehouse",
            "is_paired": False,
            "account_type": {".tag": "business"},
            "root_info": self.root_info,
        }

    def grant(self, call: Call) -> Answer:
        """A new access token for a refresh token."""
        form = {name: values[-1] for name, values in parse_qs(call.body.decode()).items()}
        key, secret = _client(call, form)
        if form.get("grant_type") != "refresh_token":
            return _refused("unsupported_grant_type", "grant type must be refresh_token")
        if key != APP_KEY:
            return _refused("invalid_client_id: Invalid client_id", "Invalid client_id")
        token = form.get("refresh_token", "")
        if secret not in ((None, APP_SECRET) if token == PKCE_REFRESH_TOKEN else (APP_SECRET,)):
            return _refused("invalid_client", "Invalid client_id or client_secret")
        known = token in (REFRESH_TOKEN, PKCE_REFRESH_TOKEN)
        if not known or token in self.revoked_refresh_tokens:
            return _refused("invalid_grant", "refresh token is invalid or revoked")
        scopes = tuple(form.get("scope", "").split()) or SCOPES
        if not set(scopes) <= set(SCOPES):
            return _refused("invalid_scope", "a scope was not granted before")
        made = {"access_token": self.give(scopes=scopes), "token_type": "bearer"}
        return Answer(200, {**made, "expires_in": self.lifetime}, dict(JSON))


def _client(call: Call, form: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The app's key and secret, in a header or in the form."""
    kind, _, value = call.headers.get("authorization", "").partition(" ")
    if kind == "Basic":
        with contextlib.suppress(ValueError):
            key, _, secret = base64.b64decode(value).decode().partition(":")
            return key, secret
    return form.get("client_id"), form.get("client_secret")


def _refused(error: str, description: str) -> Answer:
    return Answer(400, {"error": error, "error_description": description}, dict(JSON))
