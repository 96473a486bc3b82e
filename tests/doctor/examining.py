"""Asks `storages.doctor` about a storage, and looks for secrets in all that it tells."""

from typing import Any

from storages.doctor import FAILED, SKIPPED, Step, examine

SECRET = "hunter2-never-told"
NEVER = (SECRET, "X-Amz-Signature", "X-Amz-Credential", "X-Goog-Signature", "sig=")


def examined(storage: Any, *secrets: str, **options: Any) -> dict[str, Step]:
    """The steps by name, in their order; these secrets are in none of them."""
    steps = {step.name: step for step in examine(storage, **options)}
    told = " ".join(f"{step.detail} {step.cure} {step.settings}" for step in steps.values())
    for secret in (*NEVER, *secrets):
        assert secret not in told
    return steps


def statuses(steps: dict[str, Step], *names: str) -> list[str]:
    return [steps[name].status for name in names]


def stopped(steps: dict[str, Step], cure: str) -> None:
    """Nothing was tried after connecting, which has this cure."""
    step = steps["connect"]
    assert step.status == FAILED, steps
    assert cure in step.cure, step
    others = [each for name, each in steps.items() if name not in ("options", "connect")]
    assert {each.status for each in others} == {SKIPPED}
