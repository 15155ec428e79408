"""Draws statistics of incidents as a picture, with matplotlib where that is installed."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.incidents.statistics import Group, Point, Statistics
from bot.phrasing import cut, duration, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_BARS, FEWEST_BARS = 8, 4
LONGEST_NAME = 28
INCHES = (10.0, 7.2)
DOTS_PER_INCH = 120
BLUE, ORANGE, GREEN, GREY = "#3b82c4", "#e0592a", "#2f8f5b", "#7a828c"
_UNITS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"))


class NoCharts(Exception):
    """Pictures cannot be drawn here; the text says what to install."""


def draw(found: Statistics) -> bytes:
    """A PNG: MTTR over time, and how long incidents lasted in all, by service and by cause. Raises `NoCharts`."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise NoCharts(
            'pictures are drawn by matplotlib, which is not installed: pip install "do-manage[charts]"'
        ) from None
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
    grid = figure.add_gridspec(2, 2, height_ratios=(1.15, 1))
    span = duration(found.until - found.since)
    figure.suptitle(f"{plural(found.declared, 'incident')} in the last {span}", fontweight="bold", fontsize=14)
    _trend(figure.add_subplot(grid[0, :]), found.trend)
    _bars(figure.add_subplot(grid[1, 0]), "By service", found.services, BLUE)
    _bars(figure.add_subplot(grid[1, 1]), "By cause", found.causes, GREEN)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def _trend(axes: "Axes", points: Sequence[Point]) -> None:
    """The mean time to resolve as a line, and behind it how many were declared as bars."""
    from matplotlib.ticker import MaxNLocator

    places = list(range(len(points)))
    means = [point.resolve.mean if point.resolve else float("nan") for point in points]
    size, unit = _unit([point.resolve.mean for point in points if point.resolve])
    counts = axes.twinx()
    counts.bar(places, [point.declared for point in points], color=GREY, alpha=0.25, width=0.7)
    counts.set_ylabel("incidents declared", color=GREY)
    counts.set_ylim(0, max((point.declared for point in points), default=0) * 1.6 + 1)
    counts.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_zorder(counts.get_zorder() + 1)  # the line lies above the bars
    axes.patch.set_visible(False)
    # a gap stands for a period in which nothing was resolved: it is no zero, and no line leads over it
    axes.plot(places, [mean / size for mean in means], color=ORANGE, marker="o", linewidth=2)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"MTTR in {unit}", color=ORANGE)
    axes.set_title("Mean time to resolve", loc="left", fontsize=11)
    every = max(len(points) // 9, 1)
    axes.set_xticks(places[::every], [f"{point.since:%d %b}" for point in points][::every])
    axes.grid(axis="y", alpha=0.3)


def _bars(axes: "Axes", title: str, groups: Sequence[Group], colour: str) -> None:
    """How long the incidents of each group lasted in all, the longest on top."""
    shown = list(reversed(groups[:MOST_BARS]))
    size, unit = _unit([group.total for group in shown])
    names, lengths = [_name(group.name) for group in shown], [group.total / size for group in shown]
    bars = axes.barh(names, lengths, color=colour, height=0.7)
    said = [f" {g.declared} · {duration(g.resolve.mean)}" if g.resolve else f" {g.declared} · open" for g in shown]
    axes.bar_label(bars, said, fontsize=8)
    axes.margins(x=0.45)
    axes.set_ylim(len(shown) - 0.5 - max(len(shown), FEWEST_BARS), len(shown) - 0.5)  # few bars are not fat ones
    axes.set_xlabel(f"{unit} in all")
    axes.set_title(f"{title}: incidents · MTTR", loc="left", fontsize=11)


def _name(name: str) -> str:
    """A name as it is: matplotlib would take what stands between two dollar signs for a formula."""
    return cut(name, LONGEST_NAME).replace("$", r"\$")


def _unit(seconds: Sequence[float]) -> tuple[float, str]:
    """The unit in which most of these are not tiny."""
    most = max(seconds, default=0.0)
    return next(((size, name) for size, name in _UNITS if most >= 2 * size), (60.0, "minutes"))
