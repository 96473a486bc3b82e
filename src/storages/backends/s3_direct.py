"""A client that sends small requests past most of botocore's layers, where nobody can tell."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache, partial
from types import FunctionType
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError

from storages.backends.s3_hooks import count
from storages.backends.s3_requests import Moment, Plan, Wanted, plan_like, read, wanted
from storages.counting import request_sent
from storages.options import GivenOptions
from storages.signers import (
    Credentials,
    CurrentCredentials,
    credentials_of,
    has_usual_events,
    is_usual_bucket,
)

LAYERS = (
    "make_request",
    "create_request",
    "prepare_request",
    "_send_request",
    "_get_response",
    "_send",
)
"""The methods of botocore's endpoint that requests go past here."""

OPERATIONS = {
    "head_object": "HeadObject",
    "get_object": "GetObject",
    "put_object": "PutObject",
    "copy_object": "CopyObject",
    "delete_object": "DeleteObject",
}

EVENTS = (
    "provide-client-params",
    "before-parameter-build",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "before-parse",
    "response-received",
    "needs-retry",
    "after-call",
    "after-call-error",
)
"""All that botocore emits about an operation, besides `before-endpoint-resolution`."""

PROBE_KEY = "a b/..//ü+%25~.txt"  # what is normalized or quoted otherwise gives itself away
PROBE_BODY = b"probe"

MOVED = (301, 302, 307, 308, 400)
"""The answers to a request that went to another region than the bucket's."""


PLANS = 1000
"""Plans kept for later: each bucket has some, and a site may have one for each of its tenants."""

_turn: ContextVar[tuple[Any, Callable[[Any], Any]] | None] = ContextVar("_turn", default=None)
"""A client, and what its requests get for an answer instead of being sent.

Each thread has its own, and each greenlet, also where threads were not replaced by them.
"""


class DirectClient:
    """A botocore client, at half its CPU for small requests; threads may share it.

    Of each kind of request, botocore is asked once what it would send. If it is just what we
    would, such requests are written and signed here, and sent by botocore's HTTP session. An
    answer that is not a plain success, and any failure, are given to botocore as the outcome of
    its first attempt: errors, retries and redirects are its own. A plain answer to CopyObject has
    nothing of the `CopyObjectResult`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._credentials = CurrentCredentials(client)
        self._plans: dict[tuple[str, ...], Plan | None] = {}
        client.meta.events.unregister("before-send.s3", count)
        client.meta.events.register_first("before-send.s3", self._take_turn)

    def __getattr__(self, name: str) -> Any:
        if name == "_client":  # of one that is being copied
            raise AttributeError(name)
        if name in OPERATIONS:
            return partial(self._call, name)
        return getattr(self._client, name)

    def _call(self, method: str, /, **params: Any) -> Any:
        params = GivenOptions(params)
        model = self._client.meta.service_model.operation_model(OPERATIONS[method])
        asked = wanted(model, params) if self._is_botocores(method) else None
        plan = self._plan(method, params, asked) if asked else None
        credentials = self._credentials.get() if plan else None
        if not (asked and plan and credentials):
            return getattr(self._client, method)(**params)
        outcome = self._send(plan, asked, credentials)
        found = read(model, outcome) if isinstance(outcome, AWSResponse) else None
        if found is None:
            return self._through(method, params, partial(_give, outcome))
        self._client.meta.events.emit(  # by which retries know that the service is well
            f"after-call.s3.{model.name}",
            http_response=outcome,
            parsed=found,
            model=model,
            context={},
        )
        return found

    def _send(self, plan: Plan, asked: Wanted, credentials: Credentials) -> Any:
        """Send the request, and return the answer or the error that came of it."""
        moment = Moment(amz_date(int(time.time())), str(uuid.uuid4()), credentials)
        request_sent()
        try:
            answer = self._client._endpoint.http_session.send(plan.write(asked, moment))
        except BotoCoreError as error:
            return error
        if answer.status_code in MOVED:
            self._plans.clear()  # botocore now learns where the bucket is
        return answer

    # -- with botocore

    def _through(self, method: str, params: Any, answer: Callable[[Any], Any]) -> Any:
        """A call of botocore's client, whose requests `answer` gives the outcomes of."""
        token = _turn.set((self._client, answer))
        try:
            return getattr(self._client, method)(**params)
        finally:
            _turn.reset(token)

    def _take_turn(self, request: Any, **kwargs: Any) -> Any:
        """For botocore's event `before-send`: an answer, or None to have the request sent."""
        turn = _turn.get()
        if turn and turn[0] is self._client:
            return turn[1](request)
        request_sent()
        return None

    def _plan(self, method: str, params: Mapping[str, Any], asked: Wanted) -> Plan | None:
        """The plan for requests with such parameters; None if only botocore can make them."""
        kind = (method, params["Bucket"], *params)
        if kind not in self._plans:
            usual = self._is_usual(OPERATIONS[method], params["Bucket"])
            # Once more, since temporary credentials may be renewed just here.
            found = (self._learn(method, params, asked) for _ in range(2)) if usual else ()
            self._plans[kind] = next(filter(None, found), None)
            if len(self._plans) > PLANS:
                self._plans.pop(next(iter(self._plans), kind), None)
        return self._plans.get(kind)

    def _is_botocores(self, method: str) -> bool:
        """Whether no test or tracer has replaced a layer that we pass by, to see all requests."""
        client = self._client
        return is_botocores(client, ("_make_api_call", method)) and is_botocores(
            getattr(client, "_endpoint", None), LAYERS
        )

    def _is_usual(self, operation: str, bucket: str) -> bool:
        """Whether one request can tell how all others of its kind are made."""
        events = [f"{event}.s3.{operation}" for event in EVENTS] + ["before-endpoint-resolution.s3"]
        retries = self._client.meta.config.retries or {}
        return (
            is_usual_bucket(bucket)
            and hasattr(self._client._endpoint, "http_session")
            and has_usual_events(self._client, events)
            and retries.get("mode") != "adaptive"  # which counts the requests of botocore alone
            and "AWS_LAMBDA_FUNCTION_NAME" not in os.environ  # where each has a trace's id
        )

    def _learn(self, method: str, params: Mapping[str, Any], asked: Wanted) -> Plan | None:
        """Have botocore make such a request, for another object, and see how."""
        seen = []

        def look(request: Any) -> None:
            seen.append(request)
            raise _NotSentError  # an answer might be taken for a failure, and tried again

        body = {"Body": PROBE_BODY} if "Body" in params else {}
        probe = GivenOptions(params, Key=PROBE_KEY, **body)
        credentials = credentials_of(self._client)
        with suppress(_NotSentError):
            self._through(method, probe, look)
        like = asked._replace(key=PROBE_KEY, body=PROBE_BODY if body else b"")
        return plan_like(seen[0], like, credentials) if seen and credentials else None


def is_botocores(instance: object, methods: Iterable[str]) -> bool:
    """Whether the methods are those that botocore's modules define."""
    kind = type(instance)
    for name in methods:
        found = getattr(kind, name, None)
        # A wrapper has the class and the module of what it wraps, if asked for them.
        if type(found) is not FunctionType or not found.__globals__["__name__"].startswith(
            "botocore."
        ):
            return False
    return True


class _NotSentError(Exception):
    """What ends a call whose request was not to be sent."""


def _give(outcome: Any, request: Any) -> Any:
    _turn.set(None)  # the next attempt is sent
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@lru_cache(maxsize=8)
def amz_date(second: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
