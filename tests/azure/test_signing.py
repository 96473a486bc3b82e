"""Our signatures of links, next to the SDK's: equal in every byte."""

import base64
from typing import Any

import pytest
from azure.storage.blob import BlobSasPermissions, UserDelegationKey, generate_blob_sas
from hypothesis import given
from hypothesis import strategies as st

from storages.backends.azure_client import SAS
from storages.signers.azure import (
    KEY_PARTS,
    LAYOUTS,
    PARAMETERS,
    PERMISSIONS,
    BlobSigner,
    Layout,
    probe,
)

TIME = 1_800_000_000
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
KEYS = st.binary(min_size=1, max_size=64)
HEADERS = st.dictionaries(st.sampled_from(sorted(PARAMETERS)), TEXTS)


def sdk(account: str, container: str, name: str, mode: str, until: int, **more: Any) -> str:
    from datetime import UTC, datetime

    return generate_blob_sas(
        account,
        container,
        name,
        permission=BlobSasPermissions.from_string(mode),
        expiry=datetime.fromtimestamp(until, UTC),
        **more,
    )


def delegation_key(value: bytes, texts: list[str]) -> UserDelegationKey:
    key = UserDelegationKey()
    for attribute, text in zip(KEY_PARTS.values(), texts, strict=True):
        setattr(key, attribute, text)
    key.value = base64.b64encode(value).decode()
    return key


@pytest.fixture(scope="module")
def layout() -> Layout:
    found = probe(*SAS)
    assert found is not None
    assert found.delegated in LAYOUTS
    return found


@given(
    account=st.from_regex(r"[a-z0-9]{3,24}", fullmatch=True),
    container=st.sampled_from(["media", "$web", "a-b-1"]),
    name=TEXTS,
    key=KEYS,
    mode=st.text(st.sampled_from("racwdxytmei"), min_size=1),
    until=st.integers(0, 4_000_000_000),
    headers=HEADERS,
)
def test_equal_under_an_account_key(
    layout: Layout,
    account: str,
    container: str,
    name: str,
    key: bytes,
    mode: str,
    until: int,
    headers: dict[str, str],
) -> None:
    ours = BlobSigner(account, container, key, layout).sign(
        name, until, layout.permission_of(mode), headers
    )
    encoded = base64.b64encode(key).decode()
    assert ours == sdk(account, container, name, mode, until, account_key=encoded, **headers)


@given(name=TEXTS, key=KEYS, texts=st.lists(TEXTS, min_size=6, max_size=6), headers=HEADERS)
def test_equal_under_a_delegation_key(
    layout: Layout, name: str, key: bytes, texts: list[str], headers: dict[str, str]
) -> None:
    delegation = delegation_key(key, texts)
    signer = BlobSigner("account", "media", key, layout, delegation)
    theirs = sdk("account", "media", name, "r", TIME, user_delegation_key=delegation, **headers)
    assert signer.sign(name, TIME, "r", headers) == theirs


def test_permissions_are_put_in_order(layout: Layout) -> None:
    assert layout.permission_of("wr") == "rw"
    assert layout.permission_of("rb") == "r"
    every = str(BlobSasPermissions.from_string(PERMISSIONS))
    assert layout.permission_of(PERMISSIONS[::-1]) == layout.permissions == every


def test_an_sdk_that_signs_otherwise_is_left_to_itself() -> None:
    generate, permissions, new_key = SAS

    def other(*args: Any, **options: Any) -> str:
        return generate(*args, **options).replace("&sr=b", "&new=1&sr=b")

    assert probe(other, permissions, new_key) is None


def test_an_sdk_that_only_signs_delegations_otherwise() -> None:
    generate, permissions, new_key = SAS

    def other(*args: Any, **options: Any) -> str:
        made = generate(*args, **options)
        return made + "x" if options.get("user_delegation_key") else made

    found = probe(other, permissions, new_key)
    assert found is not None
    assert found.delegated is None
