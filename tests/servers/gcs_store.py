"""What the fake of Google Cloud Storage keeps: buckets, objects, generations, preconditions.

https://cloud.google.com/storage/docs/json_api/v1/objects
https://cloud.google.com/storage/docs/request-preconditions
"""

import base64
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import google_crc32c

PAGE = 1000  # objects and prefixes
NAME = 1024  # bytes
SOURCES = 32  # objects that may be composed
EDITABLE = (
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "metadata",
    "storageClass",
    "temporaryHold",
)
UNIFORM = (
    "{} when uniform bucket-level access is enabled."
    " Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access"
)
PUBLIC_ACLS = {"publicRead": "allUsers", "authenticatedRead": "allAuthenticatedUsers"}

Fields = dict[str, Any]
Conditions = Mapping[str, str]
NONE: Conditions = MappingProxyType({})


class Refused(Exception):
    """An error answer of the service."""

    def __init__(self, status: int, message: str = "", reason: str = "invalid") -> None:
        super().__init__(message)
        self.status, self.message, self.reason = status, message, reason


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an object: its metadata, and its bytes."""

    fields: Fields
    data: bytes

    @property
    def public(self) -> bool:
        return any(entry["entity"] == "allUsers" for entry in self.fields.get("acl", ()))

    @property
    def editable(self) -> Fields:
        return {name: self.fields[name] for name in EDITABLE if name in self.fields}


@dataclass(slots=True)
class Bucket:
    name: str
    uniform: bool = False
    policy: Fields = field(default_factory=dict)
    objects: dict[str, Stored] = field(default_factory=dict)

    @property
    def public(self) -> bool:
        return any(
            "allUsers" in binding["members"] and binding["role"] == "roles/storage.objectViewer"
            for binding in self.policy.get("bindings", ())
        )


class Store:
    """Safe for threads: what looks and then writes holds `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.buckets: dict[str, Bucket] = {}
        self._generation = time.time_ns() // 1000

    def bucket(self, name: str) -> Bucket:
        if name not in self.buckets:
            raise Refused(404, "The specified bucket does not exist.", "notFound")
        return self.buckets[name]

    def find(
        self, bucket: str, name: str, conditions: Conditions = NONE, prefix: str = "if"
    ) -> Stored:
        """The live version, unless another generation is asked for or a condition does not hold."""
        found = self.bucket(bucket).objects.get(name)
        wanted = conditions.get("sourceGeneration" if prefix == "ifSource" else "generation")
        if found is None or wanted not in (None, found.fields["generation"]):
            raise Refused(404, f"No such object: {bucket}/{name}", "notFound")
        check(found, conditions, prefix, missed=304 if prefix == "if" else 412)
        return found

    def write(
        self, bucket: str, name: str, data: bytes, fields: Fields, conditions: Conditions
    ) -> Stored:
        """Create or replace an object; at once with the check of its conditions, or not at all."""
        _check_name(name)
        hashes = _hashes(data)
        for kind, actual in hashes.items():
            if fields.get(kind, actual) != actual:
                message = f"Provided {kind} {fields[kind]!r} doesn't match calculated {actual!r}."
                raise Refused(400, message)
        with self.lock:
            box = self.may_write(bucket, name, conditions)
            self._generation = max(self._generation + 1, time.time_ns() // 1000)
            made = Stored(self._describe(box, name, data, fields, conditions) | hashes, data)
            box.objects[name] = made
        return made

    def may_write(self, bucket: str, name: str, conditions: Conditions) -> Bucket:
        box = self.bucket(bucket)
        acl = conditions.get("predefinedAcl") or conditions.get("destinationPredefinedAcl")
        if acl and box.uniform:
            raise Refused(400, UNIFORM.format("Cannot insert legacy ACL for an object"))
        check(box.objects.get(name), conditions)
        return box

    def _describe(
        self, box: Bucket, name: str, data: bytes, fields: Fields, conditions: Conditions
    ) -> Fields:
        now = stamp()
        described = {
            "kind": "storage#object",
            "id": f"{box.name}/{name}/{self._generation}",
            "name": name,
            "bucket": box.name,
            "generation": str(self._generation),
            "metageneration": "1",
            "storageClass": "STANDARD",
            "size": str(len(data)),
            "timeCreated": now,
            "updated": now,
            "timeStorageClassUpdated": now,
            "timeFinalized": now,
            **{key: fields[key] for key in EDITABLE if fields.get(key) is not None},
        }
        described["etag"] = _etag(described)
        if not box.uniform:
            acl = conditions.get("predefinedAcl") or conditions.get("destinationPredefinedAcl")
            described["acl"] = fields.get("acl") or predefined(acl)
        return described

    def patch(self, bucket: str, name: str, changes: Fields, conditions: Conditions) -> Stored:
        with self.lock:
            old = self._target(bucket, name, conditions)
            fields = {**old.fields, **{key: changes[key] for key in EDITABLE if key in changes}}
            if "acl" in changes or "predefinedAcl" in conditions:
                if self.bucket(bucket).uniform:
                    message = "Cannot update access control for an object"
                    raise Refused(400, UNIFORM.format(message))
                fields["acl"] = changes.get("acl") or predefined(conditions.get("predefinedAcl"))
            fields["metageneration"] = str(int(fields["metageneration"]) + 1)
            fields["updated"] = stamp()
            fields["etag"] = _etag(fields)
            made = Stored({key: fields[key] for key in fields if fields[key] is not None}, old.data)
            self.buckets[bucket].objects[name] = made
        return made

    def delete(self, bucket: str, name: str, conditions: Conditions) -> None:
        with self.lock:
            self._target(bucket, name, conditions)
            del self.buckets[bucket].objects[name]

    def _target(self, bucket: str, name: str, conditions: Conditions) -> Stored:
        """What is about to be changed: a condition that does not hold is always 412."""
        wanted = {key: conditions[key] for key in conditions if key == "generation"}
        found = self.find(bucket, name, wanted)
        check(found, conditions)
        return found

    def compose(self, bucket: str, name: str, body: Fields, conditions: Conditions) -> Stored:
        sources = body.get("sourceObjects", ())
        if not 1 <= len(sources) <= SOURCES:
            raise Refused(400, f"The number of source components must be in [1, {SOURCES}].")
        with self.lock:
            found = [
                self.find(bucket, source["name"], _source_conditions(source), "ifSource")
                for source in sources
            ]
            data = b"".join(source.data for source in found)
            made = self.write(bucket, name, data, body.get("destination", {}), conditions)
            made.fields.pop("md5Hash")
            counts = [int(source.fields.get("componentCount", 1)) for source in found]
            made.fields["componentCount"] = sum(counts)
        return made

    def list(self, bucket: str, query: Mapping[str, str]) -> Fields:
        """A page of at most 1000 objects and prefixes, in the order of their UTF-8."""
        with self.lock:
            entries = list(self._entries(self.bucket(bucket), query))
        if token := query.get("pageToken"):
            after = base64.urlsafe_b64decode(token)
            entries = [entry for entry in entries if entry[0].encode() > after]
        limit = min(int(query.get("maxResults") or PAGE), PAGE)
        page = entries[:limit]
        answer: Fields = {"kind": "storage#objects"}
        if items := [found.fields for _, found in page if found]:
            answer["items"] = items
        if prefixes := [name for name, found in page if not found]:
            answer["prefixes"] = prefixes
        if len(entries) > limit:
            answer["nextPageToken"] = base64.urlsafe_b64encode(page[-1][0].encode()).decode()
        return answer

    def _entries(
        self, box: Bucket, query: Mapping[str, str]
    ) -> Iterator[tuple[str, Stored | None]]:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        start, stop = query.get("startOffset", "").encode(), query.get("endOffset", "").encode()
        last = None
        for name in sorted(box.objects, key=str.encode):
            if not name.startswith(prefix) or name.encode() < start:
                continue
            if stop and name.encode() >= stop:
                return
            cut = name.find(delimiter, len(prefix)) if delimiter else -1
            folder = name[: cut + len(delimiter)]
            if cut >= 0 and folder != last:
                yield folder, None
                last = folder
            if cut < 0 or (query.get("includeTrailingDelimiter") == "true" and name == folder):
                yield name, box.objects[name]


def check(
    found: Stored | None, conditions: Conditions, prefix: str = "if", missed: int = 412
) -> None:
    """Refuse what its conditions forbid; `missed` is the status where the client has it already."""
    for kind in ("Generation", "Metageneration"):
        actual = found.fields[kind.lower()] if found else "0"
        if conditions.get(f"{prefix}{kind}Match", actual) != actual:
            raise _unmet()
        if conditions.get(f"{prefix}{kind}NotMatch") == actual:
            raise Refused(304) if missed == 304 else _unmet()


def _unmet() -> Refused:
    message = "At least one of the pre-conditions you specified did not hold."
    return Refused(412, message, "conditionNotMet")


def _source_conditions(source: Fields) -> Conditions:
    found = {}
    if source.get("generation"):
        found["sourceGeneration"] = str(source["generation"])
    if "ifGenerationMatch" in source.get("objectPreconditions", {}):
        found["ifSourceGenerationMatch"] = str(source["objectPreconditions"]["ifGenerationMatch"])
    return found


def _check_name(name: str) -> None:
    size = len(name.encode())
    # A JSON API that takes such a name would have it mean a folder of the file system.
    if not 1 <= size <= NAME or name in (".", "..") or re.search(r"[\r\n]", name):
        raise Refused(400, f"Invalid object name: {name!r}")
    if name.startswith(".well-known/acme-challenge/"):
        raise Refused(400, "Object names must not start with .well-known/acme-challenge/")


def _hashes(data: bytes) -> dict[str, str]:
    return {
        "crc32c": base64.b64encode(google_crc32c.Checksum(data).digest()).decode(),
        "md5Hash": base64.b64encode(hashlib.md5(data).digest()).decode(),
    }


def _etag(fields: Fields) -> str:
    """Changes with every change of the object or of its metadata, and says nothing."""
    both = f"{fields['generation']}/{fields['metageneration']}".encode()
    return base64.b64encode(hashlib.sha256(both).digest()[:9]).decode()


def predefined(acl: str | None) -> list[Fields]:
    owner = {"entity": "user-owner", "role": "OWNER"}
    reader = PUBLIC_ACLS.get(acl or "")
    return [owner, {"entity": reader, "role": "READER"}] if reader else [owner]


def stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    return secrets.token_urlsafe(32)
