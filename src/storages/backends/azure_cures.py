"""What cures the errors of Azure: by the code of its answer, else by what was asked for.

https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
"""

from __future__ import annotations

import re
from typing import Any

from storages.cures import CLOCK, Cure, LinkError

LETTERS = {
    "connect": "r",
    "write": "cw",
    "read": "r",
    "range": "r",
    "stat": "r",
    "list": "l",
    "copy": "rcw",
    "condition": "cw",
    "parts": "cw",
    "abort": "cw",
    "delete": "d",
}
"""The letters of the permissions (sp) that a step needs in a shared access signature.

https://learn.microsoft.com/rest/api/storageservices/create-service-sas
"""

ACCOUNT = Cure(
    "Correct account_name and account_key, or connection_string (a key that was rotated is a "
    "usual cause), or renew sas_token; a clock that is wrong by more than 15 minutes is "
    "refused just so.",
    stops=True,
)
FIREWALL = Cure(
    "The firewall of the storage account keeps this machine out: allow its network under "
    "Networking, or use a private endpoint; with a sas_token, look at the addresses in sip.",
    stops=True,
)
# https://learn.microsoft.com/azure/storage/common/storage-network-security

SCOPE = Cure(
    "The signature is for something else: make a sas_token for blobs (ss=b), for containers and "
    "objects (srt=sco), and for the protocol that is spoken (spr=https).",
    stops=True,
)
# https://learn.microsoft.com/rest/api/storageservices/sas-error-codes

NO_KEYS = Cure(
    "The account allows no shared keys: give token_credential, such as azure.identity."
    "DefaultAzureCredential(), with the role Storage Blob Data Contributor, or allow keys.",
    stops=True,
)
# https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent

CREDENTIAL = Cure(
    "token_credential gets no token: log in (`az login`), give the machine a managed identity, or "
    "set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET.",
    stops=True,
)
# https://learn.microsoft.com/python/api/overview/azure/identity-readme

CONTAINER = Cure("Create the container, or correct azure_container.", stops=True)
PUBLIC = Cure(
    "The account allows no public access: sign the links (expiration_secs), or serve files by a "
    "CDN or by custom_domain."
)
# https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent

CODES = {
    "AuthorizationFailure": FIREWALL,
    "IpAuthorizationFailure": FIREWALL,
    "AuthorizationSourceIPMismatch": FIREWALL,
    "AuthorizationProtocolMismatch": SCOPE,
    "AuthorizationServiceMismatch": SCOPE,
    "AuthorizationResourceTypeMismatch": SCOPE,
    "InvalidAuthenticationInfo": ACCOUNT,
    "AuthenticationFailed": ACCOUNT,
    "NoAuthenticationInformation": ACCOUNT,
    "KeyBasedAuthenticationNotPermitted": NO_KEYS,
    "ContainerNotFound": CONTAINER,
    "PublicAccessNotPermitted": PUBLIC,
}

_clock = re.compile(r"date header|not within|too old|Signature not valid in the specified", re.I)


def cure(storage: Any, step: str, error: BaseException) -> Cure | None:
    """The cure of an error of the service or of a link; None if it is not theirs."""
    is_link, code = isinstance(error, LinkError), _code_of(error)
    said = f"{error} {error.__cause__ or ''} {getattr(error, 'said', '')}"
    if code == "AuthenticationFailed" and _clock.search(said):
        return CLOCK
    if is_link and not getattr(error, "signed", False):
        return _unsigned(error)
    if code in CODES:
        return CODES[code]
    if is_link or not isinstance(error, PermissionError):
        return None
    if getattr(error, "status_code", None) is None:  # nothing was asked yet
        return CREDENTIAL
    return Cure(_permission(storage, step))


def _code_of(error: BaseException) -> str:
    code = getattr(error, "error_code", None) or getattr(error, "code", None) or ""
    return str(getattr(code, "value", code))


def _unsigned(error: BaseException) -> Cure | None:
    """Azure answers 404 or 409 to those who may not know whether there is a private container."""
    if getattr(error, "status", 0) not in (401, 403, 404, 409):
        return None
    return Cure(
        "The links are not signed, and the container is private: set expiration_secs to sign "
        "them, or allow anonymous read access to blobs of the container."
    )


def _permission(storage: Any, step: str) -> str:
    """https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage"""
    if step == "sign":
        return "Give the identity the role Storage Blob Delegator on the account."
    letters = LETTERS.get(step, "r")
    if storage.sas_token or "SharedAccessSignature=" in (storage.connection_string or ""):
        return (
            f"Make a new sas_token with the permissions sp={letters} (all that is used: "
            "sp=racwdl), for containers and objects (srt=sco) if it is one of the account."
        )
    reads = set(letters) <= set("rl")
    role = "Storage Blob Data Reader" if reads else "Storage Blob Data Contributor"
    return (
        f"Give the identity the role {role} on the container or account (Owner and Contributor do "
        "not include data); it takes some minutes to work."
    )
