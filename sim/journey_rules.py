"""By which rules a child is chosen to be followed, and what its path without any service is called."""

from __future__ import annotations

#: Name of the path without any service in the tables.
NO_SERVICE = "no_service"

#: How a representative child is chosen; ``{other}`` is the last plan named, ``{reference}`` the first.
PICKS: dict[str, str] = {
    "median": "the middle one by difference, among children seen under at least one plan",
    "helped_most": "the one with the greatest difference in favour of {other}",
    "harmed_most": "the one with the greatest difference in favour of {reference}",
    "deprived": "the middle one by difference, among children of the most deprived fifth seen under at least one plan",
    "several_needs": "the middle one by difference, among children with two or more needs seen under at least one plan",
}
DIFFERENCE = (
    "Difference: functional score under {other} less that under {reference}, added up over the years counted and "
    "over all needs of the child; ties go to the lower child id."
)
