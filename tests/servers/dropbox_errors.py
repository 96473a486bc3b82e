"""How the fake of Dropbox says no: a union in JSON with 409, a text with 400.

https://www.dropbox.com/developers/documentation/http/documentation#error-handling
"""

from typing import Any

from .wire import Answer

Fields = dict[str, Any]


class ApiError(Exception):
    """409 with an error union, as its tags from the outside: `ApiError("path", "not_found")`.

    `fields` are those of the innermost member.
    """

    status = 409

    def __init__(self, *tags: str, **fields: Any) -> None:
        super().__init__("/".join(tags))
        self.tags, self.fields = tags, fields

    def within(self, *tags: str) -> "ApiError":
        """The same as a member of another union."""
        return ApiError(*tags, *self.tags, **self.fields)

    @property
    def union(self) -> Fields:
        union: Fields = {".tag": self.tags[-1], **self.fields}
        for tag in reversed(self.tags[:-1]):
            union = {".tag": tag, tag: union}
        return union

    def answer(self) -> Answer:
        return said(self.status, self.union, "/".join(self.tags))


class UploadFailed(ApiError):
    """What `upload` says when it cannot write: a struct, where other routes have the union."""

    def __init__(self, error: ApiError, session: str) -> None:
        super().__init__("path", *error.tags, **error.fields)
        self.reason, self.session = error.union, session

    @property
    def union(self) -> Fields:
        return {".tag": "path", "reason": self.reason, "upload_session_id": self.session}


class Unauthorized(ApiError):
    status = 401


class WrongRoot(ApiError):
    status = 422


class BadRequest(Exception):
    """400 with a text, which is for humans."""

    def answer(self, route: str) -> Answer:
        text = f'Error in call to API function "{route}": {self}'
        return Answer(400, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def said(status: int, error: Fields, summary: str) -> Answer:
    # The SDK compares the content type with no charset.
    headers = {"Content-Type": "application/json"}
    return Answer(status, {"error_summary": f"{summary}/..", "error": error}, headers)
