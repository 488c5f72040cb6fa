"""Pictures of the pages that a story can show on a screen of its own, in type that is legible from afar."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from dashboards.page import Drawn, Look, Page, Panel
from sim.errors import InputError

if TYPE_CHECKING:
    from dashboards.studies.study import Study

#: Panels that answer with a table, cards or sentences, not with a picture.
NO_PICTURE = ("overview/headlines", "overview/unknown", "impact/scorecard", "evidence/numbers")
#: Sizes of type: on a wall, and on a phone.
ON_A_WALL, ON_A_PHONE = 22, 14


def pictures() -> dict[str, tuple[Page, Panel]]:
    """Every picture that can be shown, by ``page/panel``."""
    from dashboards.pages import change, equity, evidence, impact, overview, waits

    pages = (change.PAGE, overview.PAGE, waits.PAGE, impact.PAGE, equity.PAGE, evidence.PAGE)
    found = {f"{page.name}/{panel.name}": (page, panel) for page in pages for panel in page.panels}
    return {name: what for name, what in found.items() if name not in NO_PICTURE}


def problems(name: str, values: Mapping[str, str]) -> list[str]:
    """Sentences about a picture that there is not, or about what its page cannot be set to."""
    known = pictures()
    if name not in known:
        return [f"figure: found {name!r}; allowed: {', '.join(known)}"]
    page, _ = known[name]
    controls = [control.name for control in page.controls]
    out = [
        f"values.{key}: unknown key; allowed: {', '.join(controls) or 'none, for this picture'}"
        for key in values
        if key not in controls
    ]
    always = _always_there(page)
    out += [
        f"values.{key}: found {value!r}; allowed: {', '.join(always[key])}"
        for key, value in values.items()
        if key in always and value not in always[key]
    ]
    return out


def _always_there(page: Page) -> dict[str, Collection[str]]:
    """What a control can be set to, where that does not depend on the results."""
    from dashboards.pages import change

    if page is not change.PAGE:
        return {}
    return {
        "counted": change.FOLLOWED,
        "by": ("imd_quintile", "locality"),
        "told": change.BY_GROUP_SHOWN,
    }


def picture(
    study: Study, name: str, values: Mapping[str, str], titles: Mapping[str, str], dark: bool, narrow: bool
) -> Drawn:
    """A picture of :func:`pictures` as a page draws it, for a wall or a phone.

    Args:
        values: of the page's controls, the others as they are at the start. titles: what the ways are called in the
        story, by what the page calls them.

    Raises:
        InputError: these results do not hold what is asked for.
    """
    page, panel = pictures()[name]
    if page.lacks is not None and (missing := page.lacks(study)):
        raise InputError(missing)
    chosen: dict[str, str] = {}
    for control in page.controls:
        options = [] if control.typed else [value for value, _ in control.options(study)]
        chosen[control.name] = values.get(control.name, options[0] if options else "")
        if options and chosen[control.name] not in options:
            raise InputError(
                f"These results hold no {control.name}={chosen[control.name]} for this picture; "
                f"they have {', '.join(options)}."
            )
    drawn = panel.draw(Look(study, chosen, dark))
    if drawn.figure is None:
        raise InputError("There is nothing to draw here in these results.")
    enlarge(drawn.figure, ON_A_PHONE if narrow else ON_A_WALL)
    rename(drawn.figure, titles)
    return drawn


def enlarge(figure: Any, size: int) -> None:
    """Set all type of a figure to a size, in pixels, and make lines thicker where it is large."""
    figure.update_layout(
        font_size=size, legend_font_size=size, legend_itemwidth=3 * size, hoverlabel_font_size=size
    )
    for axis in (figure.update_xaxes, figure.update_yaxes):
        axis(tickfont_size=size, title_font_size=size)
    for axis in figure.select_xaxes():
        axis.nticks = min(axis.nticks or 6, 6)
    figure.update_annotations(font_size=size)
    if size >= ON_A_WALL:
        figure.for_each_trace(_thicker)


def _thicker(trace: Any) -> None:
    if trace.type == "scatter" and trace.line.width:
        trace.line.width *= 1.6
    if trace.type == "scatter" and "markers" in (trace.mode or "") and isinstance(trace.marker.size, int):
        trace.marker.size = round(1.4 * trace.marker.size)


def rename(figure: Any, titles: Mapping[str, str]) -> None:
    """Call the traces of a figure by other names, where they have one."""
    for trace in figure.data:
        old = trace.name
        if old in titles:
            trace.name = titles[old]
            if isinstance(trace.hovertemplate, str):
                trace.hovertemplate = trace.hovertemplate.replace(old, titles[old], 1)
