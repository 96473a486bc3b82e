"""Partial answers: `fields=items(name,size),nextPageToken` leaves out all the rest.

https://cloud.google.com/storage/docs/json_api#partial-response
"""

import re
from collections.abc import Iterator
from typing import Any

from .gcs_store import Refused

Tree = dict[str, "Tree"]


def select(value: dict[str, Any], fields: str | None) -> dict[str, Any]:
    if fields is None:
        return value
    tokens = iter(re.findall(r"[\w*-]+|[(),/]", fields))
    chosen: dict[str, Any] = _chosen(value, _parse(tokens))
    return chosen


def _parse(tokens: Iterator[str]) -> Tree:
    """The tree of a comma-separated list, up to its closing parenthesis."""
    tree: Tree = {}
    here, name = tree, ""
    for token in tokens:
        if token == "/":
            here = here.setdefault(name, {})
        elif token == "(":
            here.setdefault(name, {}).update(_parse(tokens))
        elif token == ")":
            break
        elif token == ",":
            here = tree
        else:
            here.setdefault(name := token, {})
    if not tree:
        raise Refused(400, "Invalid field selection", "invalidParameter")
    return tree


def _chosen(value: Any, tree: Tree) -> Any:
    if not tree or "*" in tree:
        return value
    if isinstance(value, list):
        return [_chosen(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _chosen(value[key], tree[key]) for key in value if key in tree}
