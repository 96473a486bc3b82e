"""Where boto3 is not installed: what works without it does, and the rest says what to install."""

import subprocess
import sys

PROGRAM = """
import sys

for name in ("boto3", "botocore", "s3transfer"):
    sys.modules[name] = None  # importing it fails as if it were not there

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

settings.configure(USE_TZ=True)
django.setup()
from storages.backends.s3 import S3Storage
from storages.testing import MemoryStorage

print(S3Storage(bucket_name="b", custom_domain="files.example.org").url("a b.txt"))
try:
    S3Storage(bucket_name="b").exists("a.txt")
except ImproperlyConfigured as error:
    print(error)
"""


def test_s3_without_boto3():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "https://files.example.org/a%20b.txt",
        "Storages on S3 need boto3: pip install 'django-storehouse[s3]'",
    ], done.stderr
