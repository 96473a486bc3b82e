"""The services as the scenarios see them that all of them go through."""

from dataclasses import dataclass, field, replace

from wire import new

from scenarios.steps import (
    API_HOST,
    BUCKET,
    CA_FILE,
    CONNECTION_STRING,
    DIRECTORY,
    ENDPOINT,
    FOLDER,
    KEY_FILE,
    KNOWN_HOSTS,
    LOCATION,
    MEDIA,
    ON_SERVER,
    PORT,
    S3,
    SERVICE_ACCOUNT,
    TOKEN,
    USER,
    Scenario,
)


@dataclass(frozen=True)
class Target:
    """One service: the storage class, and OPTIONS and environment that lead to its server."""

    service: str
    backend: str
    options: dict
    bucket: str | None  # the OPTIONS key of its name
    overwriting_off: dict
    below: dict = field(default_factory=lambda: {"location": "media"})  # OPTIONS: all in a folder
    made: tuple = ()  # the objects that these options need
    env: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    listdir: str = "call"  # or the worker's operation that makes the answers comparable
    url: str = "url"  # likewise

    def scenario(self, name, write=(), read=(), delete=(), *, options=None, **more):
        """A Scenario with ``options`` beside those that lead to the server."""
        return Scenario(
            name,
            self._adapted(write),
            self._adapted(read),
            self._adapted(delete),
            service=self.service,
            options={**self.options, **(options or {})},
            env={**self.env, **more.pop("env", {})},
            settings={**self.settings, **more.pop("settings", {})},
            backend=more.pop("backend", self.backend),
            **more,
        )

    def bare(self, **env):
        """The same class, with nothing that leads to the server but ``env``."""
        return replace(self, options={}, env=env)

    def _adapted(self, steps):
        """The same steps, listing and giving addresses in a way that can be compared."""
        return tuple(self._adapt(step) for step in steps)

    def _adapt(self, step):
        command = step.command
        if command["op"] == "url":
            return replace(step, command={**command, "op": self.url})
        if self.listdir != "call" and command.get("method") == "listdir":
            return replace(step, command={"op": self.listdir, "path": command["args"][0]})
        return step


AMAZON = Target("s3", S3, ON_SERVER, "bucket_name", {"file_overwrite": False})

GOOGLE = Target(
    "gcs",
    "storages.backends.gcloud.GoogleCloudStorage",
    {
        "bucket_name": BUCKET,
        "project_id": "compat",
        "credentials": new("google_classes.credentials", SERVICE_ACCOUNT),
    },
    "bucket_name",
    {"file_overwrite": False},
    env={"STORAGE_EMULATOR_HOST": ENDPOINT},
    listdir="in_order",
)

# Overwriting is off, and links are unsigned, unless one asks for more. Where Azurite fails, trying
# again for a minute does not help.
AZURE = Target(
    "azure",
    "storages.backends.azure_storage.AzureStorage",
    {
        "connection_string": CONNECTION_STRING,
        "azure_container": BUCKET,
        "overwrite_files": True,
        "expiration_secs": 3600,
        "client_options": {"retry_total": 0},
    },
    "azure_container",
    {"overwrite_files": False},
    listdir="by_level",  # the scenario "listing" compares the very answers
)

PARAMS = {
    "port": PORT,
    "username": USER,
    "key_filename": KEY_FILE,
    "allow_agent": False,
    "look_for_keys": False,
}
SFTP = Target(
    "sftp",
    "storages.backends.sftpstorage.SFTPStorage",
    {
        "host": "127.0.0.1",
        "params": PARAMS,
        "known_host_file": KNOWN_HOSTS,
        "root_path": DIRECTORY,
        "base_url": "https://media.example.org/files/",
    },
    None,
    {},
    {"root_path": MEDIA},
    listdir="in_order",
)

# The default encoding of django-storages is latin-1: the scenario "encoding, default" shows it.
FTP = Target(
    "ftp",
    "storages.backends.ftp.FTPStorage",
    {
        "location": LOCATION,
        "encoding": "utf-8",
        "base_url": "https://media.example.org/files/",
    },
    None,
    {},
    {"location": new("operator.add", LOCATION, "/media")},
    made=(("media/", b""),),
    listdir="in_order",
)

# A driver of Libcloud gets nothing but user, key, region and project from django-storages.
LOCAL_PROVIDER = {
    "type": "libcloud.storage.types.Provider.LOCAL",
    "user": FOLDER,
    "key": "",
    "bucket": BUCKET,
}
MINIO_PROVIDER = {
    "type": new("libcloud_classes.registered"),
    "user": "AKIACOMPAT",
    "key": "compat+secret/key",
    "bucket": BUCKET,
}
LIBCLOUD = Target(
    "libcloud",
    "storages.backends.apache_libcloud.LibCloudStorage",
    {"provider_name": "here"},
    None,
    {},
    {},
    listdir="in_order",
    settings={"LIBCLOUD_PROVIDERS": {"here": LOCAL_PROVIDER}},
)
MINIO = replace(
    LIBCLOUD,
    service="libcloud_minio",
    env={"COMPAT_ENDPOINT": ENDPOINT},
    settings={"LIBCLOUD_PROVIDERS": {"here": MINIO_PROVIDER}},
)

# The SDK reads its hosts when it is first imported, and that is here.
DROPBOX_HOSTS = ("DROPBOX_API_HOST", "DROPBOX_API_CONTENT_HOST", "DROPBOX_API_NOTIFY_HOST")
DROPBOX = Target(
    "dropbox",
    "storages.backends.dropbox.DropboxStorage",
    {"oauth2_access_token": TOKEN, "root_path": "/compat"},
    None,
    {},
    {"root_path": "/media"},
    env={**dict.fromkeys(DROPBOX_HOSTS, API_HOST), "REQUESTS_CA_BUNDLE": CA_FILE},
    listdir="in_order",
    url="linked",
)
