"""The modules of the suite; importing this first makes pytest explain their asserts."""

import pytest

TOPICS = (
    "atomic",
    "bulk",
    "compressed",
    "directories",
    "headers",
    "identity",
    "integration",
    "listing",
    "naming",
    "reading",
    "saving",
    "suite",
    "text",
    "threads",
    "times",
    "writing",
)

pytest.register_assert_rewrite(*(f"storages.testing.conformance.{topic}" for topic in TOPICS))
