"""The events of a run in the form that process-mining and animation tools read: a case, what, when and who.

These tools (PM4Py, bupaR, Disco, ProM ...) put events in order by their time stamp, and the model knows days only.
So the events of one need on one day get one second after the other: the day is the model's, the time of day says
nothing but which of them came first.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: Of the need to which an event happened, for filters and colours.
ABOUT_THE_NEED = ("kind", "locality", "imd_quintile")


def event_log(events: pd.DataFrame, needs: pd.DataFrame, first_day: dt.date) -> pd.DataFrame:
    """An event log, one row per event in the order in which they happened.

    Args:
        events, needs: tables of one run, in the columns of the data dictionary.
        first_day: date of day 0.

    Returns:
        The columns ``event_log`` of the data dictionary.
    """
    import pandas as pd

    offer = events["offer"].astype("object")
    concerned = offer.notna()
    about = needs.set_index("need_id")[list(ABOUT_THE_NEED)].loc[events["need_id"]].reset_index(drop=True)
    words = events["event"].astype("object").str.replace("_", " ")
    order = events.groupby(["need_id", "day"], sort=False).cumcount()
    seconds = events["day"].astype("int64") * 86_400 + order
    return pd.DataFrame(
        {
            "case_id": events["need_id"],
            "activity": words.where(~concerned, words + ": " + offer.fillna("")),
            "timestamp": pd.Timestamp(first_day).as_unit("s")
            + pd.to_timedelta(seconds, unit="s").dt.as_unit("s"),
            "resource": (offer + ", " + about["locality"].astype("object")).where(concerned),
            "event": events["event"],
            "offer": events["offer"],
            "place": events["place"],
            "child_id": events["child_id"],
            **{name: about[name] for name in ABOUT_THE_NEED},
        }
    )
