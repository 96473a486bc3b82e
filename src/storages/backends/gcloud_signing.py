"""Who signs links: the private key in the credentials, or else the IAM service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import requests
from django.core.exceptions import ImproperlyConfigured
from google.auth import iam as google_iam
from google.auth import impersonated_credentials
from google.auth.credentials import AnonymousCredentials, Scoped, Signing
from google.auth.transport.requests import Request

from storages.backends.gcloud_errors import (
    AUTH,
    BROKEN,
    RETRIED,
    GCSError,
    GCSPermissionError,
    GCSUnavailableError,
    Patience,
    Task,
    bare,
    lost,
    no_credentials,
    parsed,
    told,
    translated,
)
from storages.signers.gcs import Bearer, IamSigner, KeySigner, Signer, Tokens

IAM_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

TIMEOUT = 60
"""Seconds to wait for the IAM service."""


class Signers:
    """The signers of one client, made when they are needed."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials
        self._lock = threading.Lock()
        self._found: dict[tuple[Any, ...], Signer] = {}
        self._tokens: Tokens | None = None
        self._session = requests.Session()

    def get(self, *, iam: bool, email: str | None, endpoint: str) -> Signer:
        """The private key's, or else that of the IAM service at `endpoint`; if `iam`, the latter.

        `email` is the service account that IAM signs for; that of the credentials by default.
        """
        key = (iam, email, endpoint)
        found = self._found.get(key)
        if found is None:
            with self._lock:
                found = self._found.get(key) or self._make(*key)
                self._found[key] = found
        return found

    def _make(self, iam: bool, email: str | None, endpoint: str) -> Signer:
        credentials = self._credentials
        if _signs_itself(credentials) and not iam:
            signer = KeySigner(credentials)
            signer.sign = _translating(signer)
            return signer
        if isinstance(credentials, AnonymousCredentials) and not isinstance(credentials, Signing):
            raise ImproperlyConfigured(
                "Anonymous credentials cannot sign links: give credentials (GS_CREDENTIALS), or "
                "set querystring_auth (GS_QUERYSTRING_AUTH) to False for plain ones."
            )
        email = email or getattr(credentials, "signer_email", None)
        delegates = None
        if isinstance(credentials, impersonated_credentials.Credentials):
            # Who may take on an account may sign for it; the account itself need not be allowed.
            delegates = getattr(credentials, "_delegates", None)
            credentials = getattr(credentials, "_source_credentials", credentials)
        if self._tokens is None:
            if isinstance(credentials, Scoped):  # a token for storage alone is of no use to IAM
                credentials = credentials.with_scopes([IAM_SCOPE])
            self._tokens = Tokens(credentials, _refresh)
        email = email or _email_of(self._tokens)
        return IamSigner(self._tokens, email, endpoint, self._post, delegates)

    def _post(
        self, url: str, email: str, body: str, bearer: Bearer, *, last: bool
    ) -> Mapping[str, Any] | None:
        """What IAM says; None for 401, unless this is the `last` token."""
        headers = {"Content-Type": "application/json"}
        task, host = Task("Signing", "", email), f"the IAM service {url.partition('/v1/')[0]}"
        patience = Patience()
        while True:
            with translated(task, host, patience):
                answer = self._session.post(
                    url,
                    data=body,
                    headers=headers,
                    auth=bearer,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
                if answer.status_code == 200:
                    return parsed(answer, task, host, "signedBlob")
                if answer.status_code == 401 and not last:
                    return None
                raise _refusal(answer, email)


def _signs_itself(credentials: Any) -> bool:
    """Whether credentials sign without the IAM service, which we ask ourselves."""
    if isinstance(credentials, impersonated_credentials.Credentials):
        return False
    return isinstance(credentials, Signing) and not isinstance(
        credentials.signer, google_iam.Signer
    )


def _translating(signer: KeySigner) -> Callable[[bytes], bytes]:
    """Sign as `signer` does, with our errors: special credentials may ask some service."""
    sign, task = signer.sign, Task("Signing", "", signer.email)

    def signed(message: bytes) -> bytes:
        with translated(task, "what signs for the credentials", Patience(broken=False)):
            return sign(message)
        raise AssertionError  # what is translated is raised

    return signed


def _refusal(answer: Any, email: str) -> GCSError:
    said, errors = told(answer)
    code = answer.status_code
    message = f"No link could be signed for the service account {email!r}: "
    if code in (401, 403):
        message += (
            "that needs the permission iam.serviceAccounts.signBlob on it, such as by the role "
            "Service Account Token Creator (roles/iam.serviceAccountTokenCreator), and the IAM "
            f"Credentials API switched on. Google says: {said}"
        )
        return GCSPermissionError(message, code, errors)
    kind = GCSUnavailableError if code in RETRIED else GCSError
    return kind(f"{message}{code} {said}", code, errors)


def _refresh(credentials: Any) -> None:
    try:
        credentials.refresh(Request())
    except BROKEN as error:
        raise lost(error, Task("Signing", "", "a token"), "the token service") from bare(error)
    except AUTH as error:
        raise no_credentials(error) from bare(error)


def _email_of(tokens: Tokens) -> str:
    found = getattr(tokens.credentials, "service_account_email", None)
    if found == "default":  # of the machine, which tells the name along with a token
        tokens.renew(tokens.credentials.token)
        found = tokens.credentials.service_account_email
    if not found or found == "default":
        raise ImproperlyConfigured(
            "These credentials neither hold a private key nor name a service account, so that "
            "links cannot be signed: give the address of one as sa_email (GS_SA_EMAIL)."
        )
    return str(found)


class OwnSigning(AnonymousCredentials, Signing):
    """Credentials for the SDK's way to sign, which sign by one of our signers."""

    def __init__(self, signer: Signer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth has no types
        self._own = signer

    def sign_bytes(self, message: bytes) -> bytes:
        return self._own.sign(message)

    @property
    def signer_email(self) -> str:
        return self._own.email

    @property
    def signer(self) -> Any:
        return self._own
