"""Medians, verdicts, and the two Markdown tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from kinds import Kind
from meter import Sample
from rows import ROWS, TITLES, Row, sized
from targets import Target, target_of

SIDES = ("peer", "ours")
MISSING, FAILED = "n/a", "failed"
PACES = ("speed", "first_byte")  # to be compared between files of different sizes, too

Rounds = list[dict[str, Sample]]  # of one task on one side: a dictionary of samples per round
Results = dict[str, dict[str, Rounds]]  # by task, then by side


@dataclass(frozen=True)
class Line:
    """A row with its figures; `verdict` is "ok", "miss" or "" where there is no target."""

    title: str
    shown: list[str]
    ratio: float | None
    target: Target | None
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


def lines(results: Results, kind: Kind) -> list[Line]:
    """The rows of what was measured, or was to be but failed."""
    found = [judge(row, results[row.task], kind) for row in ROWS if row.task in results]
    return [line for line in found if line.shown != [MISSING, MISSING]]


def judge(row: Row, sides: dict[str, Rounds], kind: Kind) -> Line:
    """The ratio is the median of the rounds' ratios: a round's two sides share its conditions."""
    samples = {"peer": row.peer_sample or row.sample, "ours": row.sample}
    figures = [[value(r, samples[side], row.metric) for r in sides.get(side, ())] for side in SIDES]
    alike = row.task not in kind.slow_peer or row.metric in PACES  # or not of the same size
    ratio = middle(
        # A side may have no figures, as what ours does alone.
        ours / peer if ours and peer and alike else None
        for peer, ours in zip(*figures, strict=False)
    )
    shown = [
        FAILED if side in sides and not any(sides[side]) else shown_value(row.metric, middle(found))
        for side, found in zip(SIDES, figures, strict=True)
    ]
    target, verdict = target_of(row, kind), ""
    if target is not None:
        judged = middle(figures[1]) if target.absolute else ratio
        verdict = "ok" if judged is not None and target.met(judged) else "miss"
    return Line(sized(row.title, kind, row.task), shown, ratio, target, verdict)


def verdicts(found: list[Line]) -> str:
    """CPU time per operation, unless the row says what it shows."""
    header = ("workload", "peer", "ours", "ours / peer", "target", "")
    return table(
        header,
        (
            (
                line.title,
                *line.shown,
                shown_ratio(line.ratio),
                line.target.text if line.target else "",
                line.verdict,
            )
            for line in found
        ),
    )


DETAILS = ("cpu", "wall", "requests", "received", "connections", "memory")


def details(results: Results, kind: Kind) -> str:
    """Everything measured, "peer → ours", per operation; memory and connections per process."""
    header = ("workload", "CPU", "wall", "requests", "received", "connections", "memory")
    body = []
    for task, sides in results.items():
        labels = dict.fromkeys(name for rounds in sides.values() for r in rounds for name in r)
        for label in labels:
            title = sized(TITLES[task], kind, task) + (f": {label}" if len(labels) > 1 else "")
            body.append((title, *(pair(sides, label, metric) for metric in DETAILS)))
    return table(header, body)


def pair(sides: dict[str, Rounds], label: str, metric: str) -> str:
    values = [middle(value(r, label, metric) for r in sides.get(side, ())) for side in SIDES]
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
    "times": (("x", 1.0),),
    "number": (("", 1.0),),
}
KINDS = {
    **dict.fromkeys(("cpu", "wall", "first_byte"), "s"),
    **dict.fromkeys(("memory", "received"), "byte"),
    "speed": "speed",
    "gain": "times",
}


def shown_value(metric: str, value: float | None) -> str:
    """With the largest unit of which there is one at least, or the smallest."""
    if value is None:
        return MISSING
    units = UNITS[KINDS.get(metric, "number")]
    unit, size = next((found for found in units if value >= found[1]), units[-1])
    return f"{digits(value / size)} {unit}".rstrip()


def digits(value: float) -> str:
    """Three significant digits, of what is small fewer; never an exponent."""
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 4
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown_ratio(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio:.2f}" if ratio >= 0.2 else f"1/{1 / ratio:.1f}" if ratio else "0"
