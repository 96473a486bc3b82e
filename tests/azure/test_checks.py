"""What `manage.py check` has to say of the Azure storage."""

import base64
from typing import Any

import pytest
from django.core import checks
from django.test import override_settings

from storages.backends.azure_storage import AzureStorage
from storages.checks import check_deployment, check_storages, check_urls

KEY = base64.b64encode(b"a key of the account").decode()
CONNECTION = f"DefaultEndpointsProtocol=https;AccountName=named;AccountKey={KEY};"
WITHOUT_TLS = f"{CONNECTION.replace('https', 'http')}EndpointSuffix=core.windows.net"


def configured(options: dict[str, Any], alias: str = "default") -> Any:
    backend = "storages.backends.azure_storage.AzureStorage"
    return override_settings(STORAGES={alias: {"BACKEND": backend, "OPTIONS": options}})


def test_nothing_to_say() -> None:
    options = {"account_name": "a", "account_key": KEY, "azure_container": "media"}
    with configured(options):
        assert check_storages() == check_deployment() == check_urls() == []


def ids(messages: list[checks.CheckMessage]) -> list[str]:
    return [str(message.id) for message in messages]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"account_name": "a"}, ["storages.E003"]),
        ({"azure_container": "media"}, ["storages.E003"]),
        ({"connection_string": "x", "azure_container": "media"}, ["storages.E002"]),
        (
            {"account_name": "a", "azure_container": "media", "api_version": "2023-11-03"},
            ["storages.W005"],
        ),
        ({"emulated_mode": True, "azure_container": "media", "overwrite_files": True}, []),
    ],
)
def test_checks(options: dict[str, Any], expected: list[str]) -> None:
    with configured(options):
        assert ids(check_storages()) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"account_name": "a", "azure_ssl": False}, ["storages.W007"]),
        ({"connection_string": "UseDevelopmentStorage=true"}, []),
        ({"connection_string": WITHOUT_TLS}, ["storages.W007"]),
        ({"emulated_mode": True}, ["storages.W008"]),
        ({}, []),
    ],
)
def test_deployment_checks(options: dict[str, Any], expected: list[str]) -> None:
    with configured({"azure_container": "media", **options}):
        assert ids(check_deployment()) == expected


def test_where_files_lie_and_links_go() -> None:
    storage = AzureStorage(account_name="a", azure_container="media", custom_domain="cdn.example")
    assert storage._place() == ("azure", "https://a.blob.core.windows.net", "media")
    assert storage._hosts() == ["cdn.example", "https://a.blob.core.windows.net"]
    assert AzureStorage(azure_container="media")._place() is None
    assert AzureStorage(custom_domain="cdn.example")._hosts() == ["cdn.example"]
