"""The grid of a sweep's points: sorted, filtered and pinned in the browser, from rows that are sent once.

What is filtered and pinned becomes the words of two controls, and what stands in them is shown by the grid again, so
grid, pictures, address and downloads never differ.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dashboards.page import attributes
from dashboards.studies.swept import Swept
from dashboards.studies.where import filter_model, read_where
from sim.errors import InputError
from sim.measures import LABELS

if TYPE_CHECKING:
    import pandas as pd

GRID = "sweeps-grid"
OPTIONS: dict[str, Any] = {
    "rowSelection": {
        "mode": "multiRow",
        "checkboxes": True,
        "headerCheckbox": False,
        "enableClickSelection": False,
    },
    "selectionColumnDef": {
        "pinned": "left",
        "width": 64,
        "headerName": "Pin",
        "suppressHeaderMenuButton": True,
    },
    "suppressFieldDotNotation": True,
    "animateRows": False,
    "enableCellTextSelection": True,
    "ensureDomOrder": True,
    "tooltipShowDelay": 300,
}
SHOW = {"function": "params.value == null ? '–' : d3.format(',.4~r')(params.value)"}
#: Numbers are sent with so many digits.
DIGITS = 6


def filterable(table: pd.DataFrame) -> dict[str, bool]:
    """Columns that a condition can be about, and whether they hold numbers."""
    import pandas as pd

    return {str(name): bool(pd.api.types.is_numeric_dtype(table[name])) for name in table if name != "label"}


def columns(swept: Swept, first: str, second: str) -> list[dict[str, Any]]:
    """Columns of the grid; ``colId`` is the name in conditions, ``field`` the key in a row."""
    table = swept.table(first, second)
    numeric = filterable(table)
    fields = {str(name): f"c{i}" for i, name in enumerate(table)}

    def column(name: str, heading: str, **more: Any) -> dict[str, Any]:
        longest = max(len(word) for word in heading.split())
        more = {"width": max(116, 56 + 9 * longest)} | more
        out = {"colId": name, "field": fields[name], "headerName": heading, "headerTooltip": name, **more}
        if name not in numeric:
            return {**out, "filter": False, "tooltipField": fields[name]}
        if numeric[name]:
            allowed = ["inRange", "greaterThanOrEqual", "lessThanOrEqual"]
            params = {"filterOptions": allowed, "inRangeInclusive": True, "maxNumConditions": 1}
            return {**out, "filter": "agNumberColumnFilter", "filterParams": params, "valueFormatter": SHOW,
                    "type": "rightAligned"}  # fmt: skip
        params = {"filterOptions": ["equals"], "maxNumConditions": 20}
        return {**out, "filter": "agTextColumnFilter", "filterParams": params}

    out = [column("point", "Point", pinned="left", width=88)]
    if "label" in fields:
        out.append(column("label", "What differs", minWidth=260))
    out += [column(name, name.replace("_", " ")) for name in swept.columns(first)]
    for measure in dict.fromkeys((first, second)):
        about = LABELS[measure]
        # in one row of headings: a second one would stand empty over the columns that stay at the left
        out += [
            column(measure, f"{about.label} ({about.unit})", minWidth=170),
            column(f"{measure}_low", "low (95 %)"),
            column(f"{measure}_high", "high (95 %)"),
            column(f"{measure}_n", "n", width=84),
        ]
    if swept.failed.any():
        out.append(column("failed", "Failed", width=104))
    return out


def content(swept: Swept, first: str, second: str) -> str:
    """Columns and rows as text that the browser unpacks; made once for two measures."""
    return str(swept.kept(("grid", first, second), lambda: _content(swept, first, second)))


def _content(swept: Swept, first: str, second: str) -> str:
    import numpy as np

    table = swept.table(first, second)
    packed: list[list[Any]] = []
    for name in table:
        values = table[name].to_numpy()
        if values.dtype.kind == "f":
            known = np.isfinite(values)
            size = np.where(known & (values != 0), np.abs(values), 1.0)
            unit = 10.0 ** (DIGITS - 1 - np.floor(np.log10(size)))
            rounded = (np.round(values * unit) / unit).tolist()
            packed.append([v if ok else None for v, ok in zip(rounded, known.tolist(), strict=True)])
        else:
            packed.append(values.tolist())
    return json.dumps(
        {"columns": columns(swept, first, second), "values": packed},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def place() -> Any:
    """The grid, empty, and what goes with it."""
    import dash_ag_grid as dag
    import dash_mantine_components as dmc
    from dash import dcc, html

    return html.Div(
        [
            dcc.Store(id="sweeps-rows"),
            dcc.Store(id="sweeps-filter"),
            html.Div(
                [
                    dmc.Button("Show all points", id="sweeps-all", size="compact-md", variant="default"),
                    dmc.Button("Unpin all", id="sweeps-unpin", size="compact-md", variant="default"),
                ],
                className="buttons",
            ),
            dag.AgGrid(
                id=GRID,
                className="ag-theme-quartz grid",
                columnDefs=[],
                rowData=[],
                getRowId="params.data.id",
                defaultColDef={
                    "sortable": True,
                    "resizable": True,
                    "wrapHeaderText": True,
                    "autoHeaderHeight": True,
                    "minWidth": 84,
                    "width": 116,
                    "suppressHeaderMenuButton": False,
                },
                dashGridOptions=OPTIONS,
                dangerously_allow_code=False,
            ),
        ],
        role="region",
        **attributes(aria_label="Grid of points"),
    )


def register(given: Any) -> None:
    """Callbacks of the grid: rows and filters from the server, words of the controls from the browser."""
    from dash import ClientsideFunction, Input, Output, State, no_update

    app, server = given

    def control(name: str) -> dict[str, str]:
        return {"type": "control", "page": "sweeps", "name": name}

    measures = [Input(control("x"), "value"), Input(control("y"), "value")]

    def sought(key: str | None, first: str | None, second: str | None) -> Swept | None:
        if not key or not first or not second or server.kind(key) != "sweep":
            return None
        try:
            found = server.study(key)
        except InputError:  # the panels say why
            return None
        return found if first in LABELS and second in LABELS else None

    @app.callback(
        Output("sweeps-rows", "data"), Input("revision", "data"), *measures, State("results", "value")
    )
    def rows(_: str | None, first: str | None, second: str | None, key: str | None) -> Any:
        swept = sought(key, first, second)
        return no_update if swept is None else content(swept, str(first), str(second))

    @app.callback(
        Output("sweeps-filter", "data"),
        Input(control("where"), "value"),
        *measures,
        Input("revision", "data"),
        State("results", "value"),
    )
    def filters(text: str | None, first: str | None, second: str | None, _: Any, key: str | None) -> Any:
        swept = sought(key, first, second)
        if swept is None:
            return no_update
        try:
            where = read_where(text or "", filterable(swept.table(str(first), str(second))))
        except InputError:
            return no_update
        return filter_model(where)

    def browser(name: str, *parts: Any) -> None:
        app.clientside_callback(ClientsideFunction("sweeps", name), *parts, prevent_initial_call=True)

    def words(name: str) -> Any:
        return Output(control(name), "value", allow_duplicate=True)

    browser("fill", Output(GRID, "columnDefs"), Output(GRID, "rowData"), Input("sweeps-rows", "data"))
    browser("narrow", Output(GRID, "filterModel"), Input("sweeps-filter", "data"), Input(GRID, "rowData"))
    browser(
        "pin",
        Output(GRID, "selectedRows"),
        Output(GRID, "dashGridOptions"),
        Input(control("pins"), "value"),
        Input(GRID, "rowData"),
        State(GRID, "dashGridOptions"),
        State(GRID, "selectedRows"),
    )
    browser(
        "filtered",
        words("where"),
        Input(GRID, "filterModel"),
        State("sweeps-filter", "data"),
        State(control("where"), "value"),
    )
    browser(
        "pinned",
        words("pins"),
        Input(GRID, "selectedRows"),
        State(control("pins"), "value"),
        State(GRID, "rowData"),
    )
    browser("showAll", words("where"), Input("sweeps-all", "n_clicks"))
    browser("unpin", words("pins"), Input("sweeps-unpin", "n_clicks"))
    for panel, name in (("lines", "boxOnLines"), ("scatter", "boxOnScatter")):
        figure = f"sweeps-{panel}-figure"
        browser(
            name,
            words("where"),
            Input(figure, "selectedData"),
            State(figure, "figure"),
            State(control("where"), "value"),
        )
