"""System checks: what is wrong with the configured storages, each with its cure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from storages.base import BaseStorage, RemoteStorage
from storages.configured import make
from storages.options import DEFAULT, declared

EXTRAS = {
    "boto3": "s3",
    "botocore": "s3",
    "google": "google",
    "azure": "azure",
    "dropbox": "dropbox",
    "paramiko": "sftp",
    "libcloud": "libcloud",
}
"""The extra of the distribution that brings each SDK."""

RETIRED = {
    "DEFAULT_FILE_STORAGE": 'STORAGES["default"]',
    "STATICFILES_STORAGE": 'STORAGES["staticfiles"]',
    "AWS_HEADERS": "AWS_S3_OBJECT_PARAMETERS, with boto3's names: CacheControl for Cache-Control",
    "AWS_ORIGIN": "AWS_S3_REGION_NAME",
    "AWS_S3_HOST": "AWS_S3_ENDPOINT_URL, a whole address such as https://host",
    "AWS_S3_PORT": "AWS_S3_ENDPOINT_URL, a whole address such as https://host:port",
    "AWS_S3_CALLING_FORMAT": "AWS_S3_ADDRESSING_STYLE, 'path' or 'virtual'",
    "AWS_S3_PROXY_HOST": "AWS_S3_PROXIES",
    "AWS_S3_PROXY_PORT": "AWS_S3_PROXIES",
    "S3_USE_SIGV4": "AWS_S3_SIGNATURE_VERSION = 's3v4'",
}
"""Settings that no longer do anything, and what took their place."""


def _backends() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Alias, dotted path and OPTIONS of each configured storage."""
    for alias, config in settings.STORAGES.items():
        if isinstance(config, Mapping) and isinstance(config.get("BACKEND"), str):
            yield alias, config["BACKEND"], dict(config.get("OPTIONS") or {})


def _load(path: str) -> type[BaseStorage] | None:
    """The class at `path` if it is one of ours."""
    found = import_string(path)
    return found if isinstance(found, type) and issubclass(found, BaseStorage) else None


def check_storages(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Each of our storages can be made: its SDK, its options, its required options."""
    messages: list[CheckMessage] = []
    for alias, path, options in _backends():
        if path.endswith("s3boto.S3BotoStorage"):
            messages.append(
                Error(
                    f"STORAGES[{alias!r}]: S3BotoStorage does not exist any more.",
                    hint="Use storages.backends.s3.S3Storage.",
                    id="storages.E004",
                )
            )
            continue
        try:
            cls = _load(path)
        except ImportError as error:
            messages += _import_problem(alias, path, error)
            continue
        if cls is not None:
            messages += check_storage(alias, cls, options)
    return messages


def _import_problem(alias: str, path: str, error: ImportError) -> list[CheckMessage]:
    if not path.startswith("storages."):
        return []  # Django tells that itself, when the storage is used
    return [_missing(alias, path, (error.name or "").partition(".")[0], str(error))]


def _missing(alias: str, path: str, module: str, detail: str) -> CheckMessage:
    extra = EXTRAS.get(module)
    hint = f"pip install 'django-storehouse[{extra}]'" if extra else f"Check the path {path!r}."
    return Error(
        f"STORAGES[{alias!r}]: {path} cannot be imported: {detail}",
        hint=hint,
        id="storages.E001",
    )


def check_storage(
    alias: str, cls: type[BaseStorage], options: dict[str, Any]
) -> Iterator[CheckMessage]:
    """What is wrong with one storage of ours."""
    for module in cls.sdk:
        if not _is_installed(module):
            name = f"{cls.__module__}.{cls.__qualname__}"
            yield _missing(alias, name, module.partition(".")[0], f"No module named {module!r}")
    try:
        storage = make(cls, options)
    except ImproperlyConfigured as error:
        yield Error(f"STORAGES[{alias!r}]: {error}", id="storages.E002")
        return
    for name, each in declared(cls).items():
        if each.required and getattr(storage, name, None) in (None, ""):
            yield Error(
                f"STORAGES[{alias!r}]: {cls.__name__} has no {name}.",
                hint=f"Give {name!r} in OPTIONS, or set {' or '.join(each.settings)}.",
                id="storages.E003",
            )
    yield from storage._check(alias)
    if alias == "default" and isinstance(storage, RemoteStorage) and storage._overwrites():
        yield from _check_overwriting(storage)


def _check_overwriting(storage: RemoteStorage) -> Iterator[CheckMessage]:
    """W001, unless the project said itself that files are overwritten."""
    name = storage.overwrite_option
    if storage._origins().get(name, DEFAULT) == DEFAULT:
        yield Warning(
            "Uploads replace files of the same name: a user's upload can destroy another's.",
            hint=f"Set OPTIONS[{name!r}] to False in STORAGES['default'], "
            "or to True if that is what you want.",
            id="storages.W001",
        )


def _is_installed(module: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def check_retired_settings(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Settings of old that are still there and do nothing."""
    return [
        Warning(
            f"The setting {name} no longer does anything.",
            hint=f"Use {successor} instead.",
            id="storages.W002",
        )
        for name, successor in RETIRED.items()
        if hasattr(settings, name)
    ]


def check_urls(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """MEDIA_URL and STATIC_URL, which our storages do not use, and a place used twice."""
    messages: list[CheckMessage] = []
    found = dict(_made())
    for alias, name in (("default", "MEDIA_URL"), ("staticfiles", "STATIC_URL")):
        host = urlsplit(getattr(settings, name, None) or "").netloc
        storage = found.get(alias)
        if storage is not None and host and not _links_to(storage, host):
            messages.append(
                Warning(
                    f"{name} names the host {host}, but {type(storage).__name__} does not use "
                    f"{name}: its links go elsewhere.",
                    hint=f"Give that host as 'custom_domain' in STORAGES[{alias!r}], or set "
                    f"{name} to a path.",
                    id="storages.W003",
                )
            )
    media, static = found.get("default"), found.get("staticfiles")
    if media is not None and static is not None and _holds(static, media):
        messages.append(
            Warning(
                "Uploads are stored in the place of the static files: "
                "`collectstatic --clear` deletes the uploads.",
                hint="Give STORAGES['default'] and STORAGES['staticfiles'] different locations.",
                id="storages.W004",
            )
        )
    return messages


def _links_to(storage: BaseStorage, host: str) -> bool:
    """Whether the links of `storage` may go to `host`, as far as its options tell."""
    if hasattr(storage, "base_url"):  # its links begin with MEDIA_URL unless it says otherwise
        return True
    found = [each or "" for each in storage._hosts()]
    return host in [urlsplit(each if "//" in each else f"//{each}").netloc for each in found]


def _holds(outer: BaseStorage, inner: BaseStorage) -> bool:
    """Whether the files of `inner` are among those of `outer`."""
    if not isinstance(outer, RemoteStorage) or not isinstance(inner, RemoteStorage):
        return False
    place = outer._place()
    same = place is not None and place == inner._place()
    return same and inner._root().startswith(outer._root())


def _made() -> Iterator[tuple[str, BaseStorage]]:
    """Our storages by alias, those that can be made; `check_storages` tells of the others."""
    for alias, path, options in _backends():
        try:
            cls = _load(path)
            if cls is not None:
                yield alias, make(cls, options)
        except (ImportError, ImproperlyConfigured):
            continue


def check_deployment(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """With --deploy: what is fine at home and dangerous in public."""
    return [m for alias, storage in _made() for m in storage._check_deploy(alias)]
