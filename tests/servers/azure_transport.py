"""Reaches an account at its name on the internet, which is a port of this machine."""

from collections.abc import Mapping
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport

from .local_adapter import LocalAdapter


class LocalTransport(RequestsTransport):
    """A transport of Azure's SDK that asks this port for every https URL."""

    def __init__(self, port: int, ca_file: str) -> None:
        super().__init__(connection_verify=ca_file)
        self.port, self.ca_file = port, ca_file

    def __reduce__(self) -> tuple[Any, ...]:
        return LocalTransport, (self.port, self.ca_file)

    def open(self) -> None:
        super().open()  # before every request: there may be a session already
        if self.session and not isinstance(self.session.get_adapter("https://"), LocalAdapter):
            self.session.mount("https://", LocalAdapter(self.port))


def get(url: str, port: int, ca_file: str, headers: Mapping[str, str]) -> requests.Response:
    """The answer of the port to this URL, whatever its host."""
    with requests.Session() as session:
        session.mount("https://", LocalAdapter(port))
        return session.get(url, headers=dict(headers), verify=ca_file)
