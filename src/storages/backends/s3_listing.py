"""The objects of a listing, parsed at a fraction of what botocore's parser for all costs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple
from xml.parsers import expat

from storages.backends.s3_session import parse_time

BEGIN, END = b"<Contents>", b"</Contents>"
LAST = b"</ListBucketResult>"
MARKUP = (b"<!", b"<?")
"""How comments, CDATA sections, a DOCTYPE and instructions begin, in which a tag is none."""

OBJECT, MEMBER = 2, 3
"""The depth of an object's element, and of those that say something about it."""


class Member(NamedTuple):
    """What an element below an object's says of it."""

    name: str
    parse: Callable[[str], Any] | None
    """None if it is more than a text."""
    is_listed: bool = False


def read_objects(
    operation_model: Any, response_dict: Any, customized_response_dict: Any, **kwargs: Any
) -> None:
    """Parse the objects of a ListObjectsV2 answer, and leave the rest of it to botocore.

    For botocore's event `before-parse`. The result is just what botocore's parser gives. To it is
    left all of an answer that is unusual in any way: cut, malformed, or with owners.
    """
    body = response_dict["body"]
    before, _, rest = body.partition(BEGIN)
    inside, found, after = rest.rpartition(END)
    if not found or any(each in body[1:] for each in MARKUP) or not after.rstrip().endswith(LAST):
        return
    reader = _Reader(_members(operation_model))
    try:
        reader.read(BEGIN + inside + END)
    except (expat.ExpatError, ValueError):
        return
    response_dict["body"] = before + after
    customized_response_dict["Contents"] = reader.objects


@lru_cache(maxsize=16)
def _members(operation_model: Any) -> dict[str, Member]:
    """What the service model knows of an object, by the names of the elements."""
    found = {}
    for name, shape in operation_model.output_shape.members["Contents"].member.members.items():
        is_listed = shape.type_name == "list" and bool(shape.serialization.get("flattened"))
        each = shape.member if is_listed else shape
        tag = each.serialization.get("name") or shape.serialization.get("name") or name
        found[tag] = Member(name, PARSES.get(each.type_name), is_listed)
    return found


PARSES: dict[str, Callable[[str], Any]] = {
    "string": str,
    "integer": int,
    "long": int,
    "timestamp": lru_cache(maxsize=1024)(parse_time),  # which many objects share
}


class _Reader:
    """Takes the elements of objects; ValueError or ExpatError for what is unusual."""

    def __init__(self, members: dict[str, Member]) -> None:
        self.objects: list[dict[str, Any]] = []
        self._members = members
        self._depth = 0
        self._object: dict[str, Any] = {}
        self._text: list[str] = []

    def read(self, elements: bytes) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.Parse(b"<objects>", False)
        parser.Parse(elements, False)
        parser.Parse(b"</objects>", True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._text.clear()
        if self._depth == OBJECT:
            self._object = {}
            self.objects.append(self._object)
        if self._depth > MEMBER or (tag == "Contents") != (self._depth == OBJECT):
            raise ValueError(f"{tag} is no element of an object.")

    def _end(self, tag: str) -> None:
        if self._depth == MEMBER and (member := self._members.get(tag)):
            text = "".join(self._text)
            if member.is_listed and member.parse:
                self._object.setdefault(member.name, []).append(member.parse(text))
            elif member.parse and member.name not in self._object:
                self._object[member.name] = member.parse(text)
            else:
                raise ValueError(f"{tag} is there twice, or more than a text.")
        self._depth -= 1
