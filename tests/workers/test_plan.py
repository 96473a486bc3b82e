"""What the documentation says of a billion objects follows from what one costs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import override_settings

from storages import bulk
from tests.servers import FaultProxy, Moto, count_requests
from tests.test_docs import example, run, text_of

PAGE = "docs/machines.md"
MANY = 20


@pytest.fixture
def plan() -> dict[str, Any]:
    return run(example(PAGE, "plan"))


def test_the_numbers_are_those_of_the_arithmetic(plan: dict[str, Any]) -> None:
    gigabytes = plan["objects"] * plan["size"] / 1024**3
    transfer = plan["sent_out"](gigabytes)
    lists = plan["lists"] * plan["put_price"]
    alone = plan["objects"] / plan["per_prefix"] / 3600
    for number in (
        f"${plan['within_s3']:,.0f} for requests, ${lists:.0f} of it for listings",
        f"it is ${plan['through_workers']:,.0f}",
        f"${plan['to_another_provider'] - transfer:,.0f} for\nrequests",
        f"${transfer:,.0f} for the {gigabytes:,.0f} GB",
        f"takes {alone:.0f} hours at best, {plan['prefixes']} take {plan['shortest'] / 3600:.0f}",
        f"the billion takes {plan['by_workers'] / 3600:.0f} hours",
        f"wants {plan['cores']:.0f} cores",
    ):
        assert number in text_of(PAGE)


@pytest.fixture
def proxy(moto: Moto, fault_proxy: Any) -> FaultProxy:
    proxy: FaultProxy = fault_proxy(moto)
    return proxy


@pytest.fixture
def buckets(moto: Moto, moto_bucket: str, proxy: FaultProxy) -> Iterator[None]:
    """`live` with some files, `copy` in another bucket, and `far` in one of another account."""
    with moto.bucket() as other:
        options = {
            "live": moto.options(moto_bucket, via=proxy, location="live"),
            "copy": moto.options(other, via=proxy, location="copy"),
            "far": moto.options(other, via=proxy, location="far", access_key="other"),
        }
        backend = "storages.backends.s3.S3Storage"
        chosen = {name: {"BACKEND": backend, "OPTIONS": given} for name, given in options.items()}
        with override_settings(STORAGES=chosen):
            for number in range(MANY):
                storages["live"].save(f"{number}.txt", ContentFile(b"x"))
            yield


@pytest.mark.usefixtures("buckets")
def test_one_request_for_a_file_that_the_service_copies(
    proxy: FaultProxy, plan: dict[str, Any]
) -> None:
    with count_requests(proxy) as seen:
        bulk.sync("live", "copy")
    methods = Counter(request.split()[0] for request in seen)
    lists = sum("list-type=2" in request for request in seen)
    assert (methods["PUT"], methods["GET"], lists) == (plan["COPY"] * MANY, lists, 2)
    assert all("x-amz-copy-source" in each.headers for each in seen if each.startswith("PUT"))


@pytest.mark.usefixtures("buckets")
def test_two_requests_for_a_file_that_passes_a_worker(
    proxy: FaultProxy, plan: dict[str, Any]
) -> None:
    with count_requests(proxy) as seen:
        bulk.sync("live", "far")
    methods = Counter(request.split()[0] for request in seen if "list-type=2" not in request)
    assert methods == {"GET": plan["GET"] * MANY, "PUT": plan["PUT"] * MANY}
