"""What any error tells of its cure, whichever service it is of."""

import socket
import ssl

import pytest
from django.core.exceptions import ImproperlyConfigured

from storages.cures import LinkError, cure_of


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (socket.gaierror(-2, "Name or service not known"), "resolves names"),
        (ssl.SSLCertVerificationError(1, "self-signed certificate"), "authority"),
        (ConnectionRefusedError(111, "Connection refused"), "Nothing listens"),
        (TimeoutError("timed out"), "firewall"),
        (ConnectionResetError(104, "reset"), "The connection broke"),
        (ImproperlyConfigured("no bucket"), "options or settings"),
        (PermissionError(13, "Permission denied"), "chown"),
        (OSError(28, "No space left on device"), "make room"),
        (OSError(30, "Read-only file system"), "remount"),
        (ModuleNotFoundError("No module named 'x'"), "Install"),
        (LinkError("403", status=403, signed=True), "signature"),
        (LinkError("403", status=403), "not signed"),
        (LinkError("404", status=404), "does not have the file"),
    ],
)
def test_what_any_error_tells(error, cure):
    assert cure in cure_of(error).text
    outer = OSError("something else")
    outer.__cause__ = error
    if isinstance(error, socket.gaierror | ssl.SSLError | ConnectionRefusedError):
        assert cure_of(outer) == cure_of(error)
    else:
        assert cure_of(outer) is None


def test_a_link_that_leads_nowhere():
    error = LinkError("unreached")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    assert cure_of(error) == cure_of(error.__cause__)
    assert cure_of(LinkError("500", status=500)) is None
