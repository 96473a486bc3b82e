"""Links to objects on Google Cloud Storage: signed, or plain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

from storages.backends.gcloud_options import GCSOptions, with_google
from storages.signers.gcs import Signer, Target, seconds_left, sign_url

HEADERS = {"content_type": "Content-Type", "content_md5": "Content-MD5"}
QUERY = {
    "response_type": "response-content-type",
    "response_disposition": "response-content-disposition",
    "generation": "generation",
}
PLACES = ("api_access_endpoint", "bucket_bound_hostname", "virtual_hosted_style")
"""The parameters that say where a link leads."""

OWN = frozenset({"expiration", "method", "version", "headers", "query_parameters", "scheme"}).union(
    HEADERS, QUERY, PLACES
)
"""The parameters that our own signer knows; for others there is the SDK's."""


class GCSLinks(GCSOptions):
    """`url()` and what it is made of."""

    def url(self, name: str | None, parameters: Mapping[str, Any] | None = None) -> str:
        """A link to the file, which need not exist.

        `parameters` are those of `Blob.generate_signed_url`: expiration, method, content_type,
        response_disposition, response_type, generation, headers, query_parameters and so on.
        ValueError for an expiration beyond seven days. Plain links take no parameters.
        """
        key = self._key(name or "")
        if not self._signs():
            return self._target({}).url(key)
        given = {"version": "v4", **(parameters or {})}
        if given["version"] != "v4" or not OWN.issuperset(given):
            return self._ask(key, given)
        return self._sign(key, given)

    def _sign(self, key: str, given: Mapping[str, Any]) -> str:
        headers = dict(given.get("headers") or {})
        headers |= {HEADERS[n]: v for n, v in given.items() if n in HEADERS and v is not None}
        query = dict(given.get("query_parameters") or {})
        query |= {QUERY[n]: v for n, v in given.items() if n in QUERY and v is not None}
        return sign_url(
            self._signer(),
            self._target(given),
            key,
            self._seconds(given),
            method=given.get("method", "GET"),
            headers=headers,
            query=query,
        )

    def _signer(self) -> Signer:
        return self._connection.signers.get(
            iam=self.iam_sign_blob, email=self.sa_email, endpoint=self.iam_endpoint
        )

    def _seconds(self, given: Mapping[str, Any]) -> int:
        if given.get("expiration") is not None:
            return seconds_left(given["expiration"])
        try:
            return seconds_left(self.expiration)
        except ValueError as error:  # of a datetime, since others were looked at before
            raise ImproperlyConfigured(f"expiration (GS_EXPIRATION): {error}") from error

    def _target(self, given: Mapping[str, Any]) -> Target:
        """Where a link leads: the parameters decide, then `custom_endpoint`, then the service."""
        bound = given.get("bucket_bound_hostname")
        service = given.get("api_access_endpoint")
        virtual = given.get("virtual_hosted_style")
        if bound and (service is not None or virtual):
            raise ValueError(
                "bucket_bound_hostname goes neither with api_access_endpoint nor with "
                "virtual_hosted_style."
            )
        if self.custom_endpoint and service is None and not virtual:
            bound = bound or self.custom_endpoint
        if bound:
            return _bound(bound, given.get("scheme", "http"))
        service = self._service() if service is None else service
        if not virtual:
            return Target(service, f"/{self._bucket()}/")
        parts = urlsplit(service)
        return Target(urlunsplit((parts.scheme, f"{self._bucket()}.{parts.netloc}", "", "", "")))

    def _ask(self, key: str, given: dict[str, Any]) -> str:
        """The SDK's own link, for what is unusual; signed by our signer, unless it is given one."""
        if given["version"] == "v4":
            asked: dict[str, Any] = {"expiration": self._seconds(given)}
        elif given.get("expiration") is not None:  # a number is a time since 1970, without limit
            asked = {}
        else:
            asked = {"expiration": timedelta(seconds=self._seconds({}))}
            given.pop("expiration", None)
        if self.custom_endpoint and not any(given.get(name) for name in PLACES):
            asked["bucket_bound_hostname"] = self.custom_endpoint
        if not given.get("credentials") and not given.get("access_token"):
            asked["credentials"] = with_google("gcloud_signing").OwnSigning(self._signer())
        return str(self.bucket.blob(key).generate_signed_url(**(asked | given)))


def _bound(host: str, scheme: str) -> Target:
    """The links of a host that leads to the bucket; it need not have a scheme.

    Where it has a path, that is not signed, as by the SDK: who routes by it takes it away.
    """
    whole = host if "//" in host else f"{scheme}://{host}"
    return Target(whole.rstrip("/"))
