"""What is not done, and why."""

from __future__ import annotations


class Refused(ValueError):  # noqa: N818 - it says what was not done
    """What was asked for would harm, so nothing was done; the text tells the cure."""
