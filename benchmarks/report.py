"""Medians, verdicts, and the two Markdown tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from meter import Sample
from plan import ROWS, TITLES, Row

SIDES = ("peer", "ours")
MISSING, FAILED = "n/a", "failed"

Rounds = list[dict[str, Sample]]  # of one task on one side: a dictionary of samples per round
Results = dict[str, dict[str, Rounds]]  # by task, then by side


@dataclass(frozen=True)
class Line:
    """A row with its figures; `verdict` is "ok", "miss" or "" where there is no target."""

    row: Row
    shown: list[str]
    ratio: float | None
    verdict: str


def value(result: dict[str, Sample], sample: str, metric: str) -> float | None:
    """One round's figure; None where nothing was measured."""
    found = result.get(sample, {})
    if metric == "rate":
        return 1 / found["wall"] if "wall" in found else None
    return found.get(metric)


def middle(figures: Iterable[float | None]) -> float | None:
    """The median of what was measured."""
    known = [figure for figure in figures if figure is not None]
    return median(known) if known else None


def lines(results: Results) -> list[Line]:
    return [judge(row, results[row.task]) for row in ROWS if row.task in results]


def judge(row: Row, sides: dict[str, Rounds]) -> Line:
    """The ratio is the median of the rounds' ratios: a round's two sides share its conditions."""
    samples = {"peer": row.peer_sample or row.sample, "ours": row.sample}
    figures = [[value(r, samples[side], row.metric) for r in sides[side]] for side in SIDES]
    ratio = middle(
        ours / peer if ours and peer else None for peer, ours in zip(*figures, strict=True)
    )
    shown = [
        shown_value(row.metric, middle(found)) if any(sides[side]) else FAILED
        for side, found in zip(SIDES, figures, strict=True)
    ]
    verdict = ""
    if row.target is not None:
        judged = middle(figures[1]) if row.target.absolute else ratio
        verdict = "ok" if judged is not None and row.target.met(judged) else "miss"
    return Line(row, shown, ratio, verdict)


def verdicts(found: list[Line]) -> str:
    """CPU time per operation, unless the row says what it shows."""
    header = ("workload", "peer", "ours", "ours / peer", "target", "")
    return table(
        header,
        (
            (
                line.row.title,
                *line.shown,
                shown_ratio(line.ratio),
                line.row.target.text if line.row.target else "",
                line.verdict,
            )
            for line in found
        ),
    )


DETAILS = ("cpu", "wall", "requests", "received", "connections", "memory")


def details(results: Results) -> str:
    """Everything measured, "peer → ours", per operation; memory and connections per process."""
    header = ("workload", "CPU", "wall", "requests", "received", "connections", "memory")
    body = []
    for task, sides in results.items():
        labels = dict.fromkeys(name for side in SIDES for r in sides[side] for name in r)
        for label in labels:
            title = TITLES[task] + (f": {label}" if len(labels) > 1 else "")
            body.append((title, *(pair(sides, label, metric) for metric in DETAILS)))
    return table(header, body)


def pair(sides: dict[str, Rounds], label: str, metric: str) -> str:
    values = [middle(value(r, label, metric) for r in sides[side]) for side in SIDES]
    if values == [None, None]:
        return ""
    return " → ".join(shown_value(metric, found) for found in values)


def table(header: tuple[str, ...], body: Iterable[tuple[str, ...]]) -> str:
    """Markdown with padded cells: numbers to the right, so that it also reads as plain text."""
    rows = [header, *body]
    widths = [max(3, *(len(row[at]) for row in rows)) for at in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (padded[0], rule, *padded[1:]))


UNITS = {
    "s": (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)),
    "byte": (("MiB", 1024.0**2), ("KiB", 1024.0)),
    "speed": (("MB/s", 1e6),),
    "number": (("", 1.0),),
}
KINDS = {"cpu": "s", "wall": "s", "first_byte": "s", "memory": "byte", "received": "byte"}


def shown_value(metric: str, value: float | None) -> str:
    """With the largest unit of which there is one at least, or the smallest."""
    if value is None:
        return MISSING
    kind = KINDS.get(metric, "speed" if metric == "speed" else "number")
    units = UNITS[kind]
    unit, size = next((found for found in units if value >= found[1]), units[-1])
    return f"{digits(value / size)} {unit}".rstrip()


def digits(value: float) -> str:
    """Three significant digits, never an exponent."""
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown_ratio(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:.2f}" if ratio >= 0.2 else f"1/{1 / ratio:.1f}" if ratio else "0"
