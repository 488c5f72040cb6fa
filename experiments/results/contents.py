"""What stands in a results folder, whichever command made it.

::

    provenance.json       configuration, hashes, seeds, versions: enough to make it again
    summary.json          each measure: mean, spread and 95 % interval; paired differences between systems
    summaries.*           headline measures of every replication
    population.*          children by locality and deprivation at the start
    dictionary.*          what each column of each table means, and its unit
    views/*               small tables of every replication, from which pictures are drawn
    runs/SYSTEM/replication-000/*    the full tables of a run
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from experiments.comparing.comparison import pairs
from experiments.results.output import population_frame, summaries_frame, write_frame, write_json
from experiments.results.provenance import provenance
from experiments.running.replicate import Replications, replication_seed
from experiments.certainty.statistics import estimate, paired_difference
from sim.area import Area
from sim.config import Config

RUNS = "runs"


def write_results(
    folder: Path,
    command: Sequence[str],
    configs: Mapping[str, Config],
    area: Area,
    done: Replications,
    started: datetime,
) -> None:
    """Write everything but the tables of full runs, which the workers have written already."""
    from sim.dictionary import dictionary_frame

    first = next(iter(configs.values()))
    seeds = [replication_seed(first.seed, r) for r in done.replications]
    facts = provenance(command, configs, seeds, started, datetime.now().astimezone())
    write_json({**facts, "failures": done.failures}, folder / "provenance.json")
    write_json(summary(done), folder / "summary.json")
    write_frame(summaries_frame(done.summaries, done.replications), folder / "summaries")
    write_frame(population_frame(area, real=first.area.kind == "files"), folder / "population")
    write_frame(dictionary_frame(), folder / "dictionary")


def summary(done: Replications) -> dict[str, Any]:
    """Means and intervals of each system, and paired differences between every two of them."""
    return {
        "replications": done.replications,
        "systems": {
            name: {measure: asdict(estimate(values)) for measure, values in measures.items()}
            for name, measures in done.summaries.items()
        },
        "differences": [
            {
                "reference": reference,
                "other": other,
                "measures": {
                    measure: {**asdict(found), "includes_no_difference": found.includes_zero}
                    for measure, values in done.summaries[reference].items()
                    for found in [paired_difference(values, done.summaries[other][measure])]
                },
            }
            for reference, other in pairs(done.summaries)
        ],
    }
