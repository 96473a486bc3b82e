"""Where paramiko is not installed: what works without it does, the rest says what to install."""

import subprocess
import sys

PROGRAM = """
import sys

sys.modules["paramiko"] = None  # importing it fails as if it were not there

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

settings.configure(USE_TZ=True, MEDIA_URL="/media/")
django.setup()
from storages.backends.sftpstorage import SFTPStorage, SFTPStorageFile

with SFTPStorage(host="sftp.example.com") as storage:
    print(storage.url("a b.txt"))
    for use in (lambda: storage.exists("a.txt"), lambda: storage.sftp):
        try:
            use()
        except ImproperlyConfigured as error:
            print(error)
"""


def test_sftp_without_its_sdk() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    missing = "Storages on SFTP need paramiko: pip install 'django-storehouse[sftp]'"
    assert done.stdout.splitlines() == ["/media/a%20b.txt", missing, missing], done.stderr
