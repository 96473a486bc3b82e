"""Errors of Google Cloud Storage: builtins that name the object, and Google's own as well."""

from __future__ import annotations

import errno
import json
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import requests
import urllib3
from django.core.exceptions import ImproperlyConfigured
from google.api_core import exceptions as google
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError


class Task(NamedTuple):
    """What a request is for: one of `NEEDED`, and the object or prefix that it is about."""

    verb: str
    bucket: str
    key: str


class GCSError(OSError, google.GoogleAPICallError):
    """An error of the service; also a google.api_core GoogleAPICallError, with its `code`."""

    retried = False
    """Whether an earlier attempt of the request was lost, and may have been done."""

    def __init__(
        self, message: str, code: int | None = None, errors: Any = (), response: Any = None
    ) -> None:
        google.GoogleAPICallError.__init__(self, message, errors=errors, response=response)
        OSError.__init__(self, message)
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        # Neither errno nor retried is among the arguments. The response stays here: the request
        # in it carries a token.
        state = {"errno": self.errno, "retried": self.retried}
        return type(self), (self.args[0], self.code, self.errors), state


class GCSFileNotFoundError(GCSError, FileNotFoundError, google.NotFound): ...


class GCSBucketNotFoundError(GCSError, google.NotFound):
    """There is no such bucket; no FileNotFoundError, since no file would be there for sure."""


class GCSFileExistsError(GCSError, FileExistsError, google.PreconditionFailed): ...


class GCSPermissionError(GCSError, PermissionError, google.Forbidden): ...


class GCSUnavailableError(GCSError, ConnectionError, google.ServiceUnavailable):
    """The service could not answer, after all attempts."""


class GCSBusyError(GCSError, ConnectionError, google.TooManyRequests):
    """The service wants fewer requests, after all attempts."""


BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, TransportError)
"""What is raised when the service was not reached, or lost."""

AUTH = GoogleAuthError
"""What is raised for credentials; a TransportError among them is of `BROKEN`."""

RETRIED = frozenset({408, 429, 500, 502, 503, 504})
"""The answers after which a request is sent again.

https://cloud.google.com/storage/docs/retry-strategy
"""

PAUSES = (0.25, 0.5, 1, 2, 4)
"""Seconds before each further attempt after the service was busy; up to a half shorter."""

BROKEN_PAUSES = (0.1, 0.2, 0.4, 0.8)
"""Seconds before each further attempt after a connection broke."""

LISTING = (
    "and storage.objects.list: without that one Google answers 403 instead of 404 for an object "
    "that does not exist"
)
NEEDED = {
    "Reading": f"storage.objects.get, {LISTING}",
    "Upload": "storage.objects.create, storage.objects.delete where it replaces an object, and "
    "storage.objects.setIamPolicy where default_acl is set",
    "Deletion": "storage.objects.delete",
    "Listing": "storage.objects.list",
    "Copy": f"storage.objects.get on the source, storage.objects.create on the target, {LISTING}",
}
"""The permissions of each task: https://cloud.google.com/storage/docs/access-control/iam-json"""

PINNED = {"Reading": "read", "Copy": "read", "Deletion": "moved"}
"""The tasks that are about one version of an object, and what is done to it."""

CURE = (
    "Give `credentials` (GS_CREDENTIALS), the path of a service account's JSON file or a "
    "credentials object; or set GOOGLE_APPLICATION_CREDENTIALS, attach a service account to the "
    "machine, or run `gcloud auth application-default login`."
)


def refusal(answer: Any, task: Task) -> Exception:
    """The error that an answer of the service is."""
    said, errors = told(answer)
    code = answer.status_code
    given = (code, errors, answer)
    clash = _clash(said, task)
    if clash is not None:
        return clash
    if code == 404 and "bucket does not exist" in said:
        return GCSBucketNotFoundError(f"The bucket {task.bucket!r} does not exist.", *given)
    where = f"in the bucket {task.bucket!r}"
    if code in (404, 410) and task.verb != "Upload":
        return GCSFileNotFoundError(f"{task.key!r} does not exist {where}.", *given)
    if code == 412 and task.verb in PINNED:
        changed = GCSError(f"{task.key!r} was replaced while it was {PINNED[task.verb]}.", *given)
        changed.errno = errno.ESTALE
        return changed
    if code == 412:
        return GCSFileExistsError(f"{task.key!r} exists already {where}.", *given)
    message = f"{task.verb} of {task.key!r} {where}"
    if code in (401, 403):
        text = f"{message} needs {NEEDED[task.verb]}. Google says: {said}"
        return GCSPermissionError(text, *given)
    return _of_status(code)(f"{message} failed: {code} {said}", *given)


def _of_status(code: int) -> type[GCSError]:
    if code == 429:
        return GCSBusyError
    return GCSUnavailableError if code in RETRIED else GCSError


def _clash(said: str, task: Task) -> ImproperlyConfigured | None:
    """An error for options that the bucket's own do not allow."""
    for name, cure in (
        (
            "uniform bucket-level access",
            "A uniform bucket takes no ACLs of single objects: remove them (and make its links "
            "plain by querystring_auth=False if the bucket is public), or switch to fine-grained "
            "access.",
        ),
        (
            "public access prevention",
            "Remove the ACL that makes objects public, or allow public access to the bucket.",
        ),
    ):
        if name in said.lower():
            return ImproperlyConfigured(
                f"{task.key!r} was not stored: default_acl (GS_DEFAULT_ACL), or the acl in "
                f"object_parameters (GS_OBJECT_PARAMETERS), clashes with the setting {name!r} of "
                f"the bucket {task.bucket!r}. {cure}"
            )
    return None


def told(answer: Any) -> tuple[str, list[Any]]:
    """What an answer says went wrong: a sentence, and Google's list of details."""
    try:
        error = json.loads(answer.content)["error"]
        return str(error["message"]), list(error.get("errors", ()))
    except (ValueError, KeyError, TypeError):  # media and XML answers are plain text
        return answer.text[:300].strip(), []


def parsed(answer: Any, task: Task, host: str, *needed: str) -> dict[str, Any]:
    """The JSON of an answer, with the `needed` fields; OSError for what is no answer to `task`."""
    try:
        found = json.loads(answer.content)
    except ValueError:
        found = None
    if isinstance(found, dict) and found.keys() >= set(needed):
        return found
    raise strange(task, host)


def strange(task: Task, host: str) -> OSError:
    """The error for an answer of success that some other server gave, such as a proxy."""
    return OSError(
        f"{task.verb} of {task.key!r} failed: {host} answered something else than was asked for. "
        "Is there a proxy or a login page on the way to it?"
    )


def bare(error: BaseException) -> BaseException:
    """The error without the frames it came through: their variables have tokens and secrets."""
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error


def lost(error: Exception, task: Task, host: str) -> Exception:
    """The error for a request that got no answer."""
    if isinstance(error, requests.exceptions.SSLError):
        return OSError(
            f"No trusted connection to {host}: {reason(error)}. For a certificate authority of "
            "your own, set REQUESTS_CA_BUNDLE to its file."
        )
    if isinstance(error, ValueError):  # of an address that is none
        return OSError(f"{host} cannot be asked for {task.key!r}: {reason(error)}")
    return ConnectionError(f"The connection to {host} broke at {task.key!r}: {reason(error)}")


def reason(error: BaseException) -> str:
    """The innermost error; those around it tell whole addresses, upload sessions among them."""
    while True:
        inner = [getattr(error, "reason", None), *reversed(error.args)]
        found = next((each for each in inner if isinstance(each, Exception)), None)
        if found is None:
            return f"{type(error).__name__}: {error}"
        error = found


def no_credentials(error: Exception) -> Exception:
    """The error for credentials that are not there, or that Google does not take."""
    if isinstance(error, RefreshError) and error.retryable:
        return ConnectionError(f"Google gave no access token: {reason(error)}")
    said = str(error).rstrip(".")
    return ImproperlyConfigured(f"No credentials for Google Cloud Storage: {said}. {CURE}")


class Patience:
    """Waits before a further attempt, as long as there may be one."""

    def __init__(self, *, broken: bool = True, busy: Iterable[float] | None = None) -> None:
        self._broken = iter(BROKEN_PAUSES if broken else ())
        self._busy = iter(PAUSES if busy is None else busy)
        self.tried = 0

    def wait(self, failure: Exception) -> None:
        """Sleep, or raise `failure` if it is final."""
        self.tried += 1
        pauses: Iterator[float] = iter(())
        if isinstance(failure, GCSError):
            pauses = self._busy if failure.code in RETRIED else pauses
        elif isinstance(failure, ConnectionError):
            pauses = self._broken
        pause = next(pauses, None)
        if pause is None:
            if isinstance(failure, GCSError):
                failure.retried = self.tried > 1
            raise failure
        time.sleep(pause * random.uniform(0.5, 1))


@contextmanager
def translated(task: Task, host: str, patience: Patience) -> Iterator[None]:
    """Raise builtin errors that name the object; or, if there may be a further attempt, wait."""
    try:
        try:
            yield
        except BROKEN as error:
            # Whoever knows the address of an upload can go on with it: no cause tells it.
            raise lost(error, task, host) from (None if task.verb == "Upload" else bare(error))
        except AUTH as error:
            raise no_credentials(error) from bare(error)
    except OSError as failure:
        patience.wait(failure)
