"""Links to S3 objects: signed for the service or for CloudFront, or plain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.utils.encoding import filepath_to_uri

from storages.backends.s3_options import S3Options
from storages.signers import encode_query, query_for, quote_key

if TYPE_CHECKING:
    from storages.backends.s3_client import Links


HTTPS = "https:"
"""The scheme where the setting is empty."""


class S3Links(S3Options):
    """`url()` and what it is made of."""

    def url(
        self,
        name: str | None,
        parameters: Mapping[str, Any] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        """A link to the file, which need not exist.

        `parameters` are boto3's for `get_object`, such as ResponseContentDisposition; for a custom
        domain they are the query as it is. `expire` is in seconds, querystring_expire by default.
        `http_method` is what the link may be used for: GET by default.
        """
        key = self._key(name or "")
        if expire is None:
            expire = self.querystring_expire
        if self.custom_domain:
            return self._custom_url(key, parameters, expire)
        if not self.querystring_auth:
            return self._plain_url(key, parameters, expire, http_method)
        return self._signed_url(key, parameters, expire, http_method)

    # -- a domain of the project's own

    def _custom_url(self, key: str, parameters: Mapping[str, Any] | None, expire: int) -> str:
        query = f"?{urlencode(parameters)}" if parameters else ""
        url = f"{self.url_protocol or HTTPS}//{self.custom_domain}/{filepath_to_uri(key)}{query}"
        signer = self._signer() if self.querystring_auth else None
        if signer is None:
            return url
        until = datetime.now(UTC) + timedelta(seconds=expire)
        return str(signer.generate_presigned_url(url, date_less_than=until))

    def _signer(self) -> Any:
        if "cloudfront_signer" in self._given or self.cloudfront_signer is not None:
            return self.cloudfront_signer
        if not (self.cloudfront_key_id and self.cloudfront_key):
            return None
        if "_cached_signer" not in self.__dict__:
            self.__dict__["_cached_signer"] = self.get_cloudfront_signer(
                self.cloudfront_key_id, self.cloudfront_key
            )
        return self.__dict__["_cached_signer"]

    def get_cloudfront_signer(self, key_id: str, key: str | bytes) -> Any:
        """The signer of links to CloudFront; override it for a key that lies elsewhere."""
        from storages.signers.cloudfront import cloudfront_signer

        return cloudfront_signer(key_id, key)

    # -- the service itself

    def _links(self, *, signed: bool) -> Links:
        endpoint = (
            f"{self.url_protocol or HTTPS}//{self.public_domain}" if self.public_domain else None
        )
        return self._connection.links(self._bucket(), endpoint, signed=signed)

    def _signed_url(
        self, key: str, parameters: Mapping[str, Any] | None, expire: int, method: str | None
    ) -> str:
        links = self._links(signed=True)
        query = query_for(parameters) if parameters else ()
        credentials = links.credentials.get() if links.presigner and links.credentials else None
        if links.presigner and credentials and query is not None and key and type(expire) is int:
            return links.presigner.sign(
                key, credentials, expire, method=method or "GET", query=query
            )
        return self._ask(links.client, key, parameters, expire, method)

    def _plain_url(
        self, key: str, parameters: Mapping[str, Any] | None, expire: int, method: str | None
    ) -> str:
        links = self._links(signed=False)
        query = query_for(parameters) if parameters else ()
        if links.prefix is None or query is None or not key:
            return self._ask(links.client, key, parameters, expire, method)
        return f"{links.prefix}{quote_key(key)}" + (f"?{encode_query(query)}" if query else "")

    def _ask(
        self,
        client: Any,
        key: str,
        parameters: Mapping[str, Any] | None,
        expire: int,
        method: str | None,
    ) -> str:
        """botocore's own link, for what is unusual."""
        from storages.backends.s3_client import NO_CREDENTIALS, no_credentials

        try:
            return str(
                client.generate_presigned_url(
                    "get_object",
                    Params={**(parameters or {}), "Bucket": self._bucket(), "Key": key},
                    ExpiresIn=expire,
                    HttpMethod=method,
                )
            )
        except NO_CREDENTIALS as error:
            raise no_credentials(error) from error
