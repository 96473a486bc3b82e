"""Where the SDK is not installed: what works without it does, and the rest says what to install."""

import subprocess
import sys

PROGRAM = """
import sys

sys.modules["azure"] = None  # importing it fails as if it were not there

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

settings.configure(USE_TZ=True)
django.setup()
from storages.backends.azure_storage import AzureStorage

storage = AzureStorage(account_name="a", account_key="a2V5", azure_container="media")
print(storage.url("a b.txt"))
for use in (lambda: storage.exists("a.txt"), lambda: storage.url("a.txt", expire=60)):
    try:
        use()
    except ImproperlyConfigured as error:
        print(error)
"""


def test_azure_without_its_sdk() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    missing = "Storages on Azure need azure-storage-blob: pip install 'django-storehouse[azure]'"
    assert done.stdout.splitlines() == [
        "https://a.blob.core.windows.net/media/a%20b.txt",
        missing,
        missing,
    ], done.stderr
