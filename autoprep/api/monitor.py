"""The verb of a scheduler: score what was delivered since the last run, once, and say how it looks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autoprep import validation
from autoprep.api.data import PathLike, read
from autoprep.api.monitoring import write_drift
from autoprep.errors import ArtifactError, InputError, plural
from autoprep.lineage import whole_file
from autoprep.types import Event, Listener, silent

if TYPE_CHECKING:
    from autoprep.serving.artifact import Artifact
    from autoprep.tracking.deliveries import Delivery, Outcome


@dataclass(frozen=True)
class Monitored:
    """What a run of the monitor did.

    Attributes:
        new: the deliveries that it dealt with.
        known: how many were dealt with before.
        unfinished: files that were written to while they were read; the next run looks at them.
        failing: names of earlier deliveries that could not be read and lie there still.
    """

    new: tuple[Outcome, ...] = ()
    known: int = 0
    unfinished: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 all well or nothing new; 1 a new delivery broke its contract or drifted; 2 one could not be read."""
        if any(one.status == "failed" for one in self.new):
            return 2
        return 0 if all(one.acceptable for one in self.new) else 1

    def lines(self) -> list[str]:
        """What there is to say, a line each."""
        said = [told(one) for one in self.new]
        said += [f"{name}: is still being written; the next run looks at it" for name in self.unfinished]
        said += [
            f"{name}: could not be read before and lies there still (--retry tries again)" for name in self.failing
        ]
        return [*said, f"{plural(len(self.new), 'new delivery', 'new deliveries')}, {self.known:,} known"]


def monitor(
    model: PathLike,
    deliveries: PathLike,
    output: PathLike = "monitor",
    *,
    fail_on: str = "warning",
    retry: bool = False,
    listener: Listener = silent,
) -> Monitored:
    """Score, validate and compare with training what was delivered since the last run; a second run does nothing.

    A delivery is known by its content: the same bytes under another name are not scored again, a file that changed
    is. After each delivery the state is written, so that a run that is cut off goes on where it was.

    Args:
        model: a model folder.
        deliveries: a folder, a glob, or one file.
        output: folder for ``predictions/``, ``reports/`` and ``state.json``.
        fail_on: severity of drift from which a delivery is not acceptable: "error", "warning" or "info".
        retry: try deliveries again that could not be read before.
        listener: hears what is done.

    Raises:
        ArtifactError: the model is damaged or altered.
        InputError: no such deliveries, or another run is at work in the folder.
        SettingError: the state file was spoilt.
    """
    from autoprep.serving import artifact
    from autoprep.serving import manifest as manifests
    from autoprep.tracking import deliveries as kept

    home = Path(output)
    made: list[Outcome] = []
    unfinished: list[str] = []
    failing: list[str] = []
    known = 0
    with kept.alone(home):
        state = kept.load_state(home)
        paths = kept.found(deliveries)
        held: Artifact | None = None
        for path in paths:
            one = kept.delivery(path)
            before = state.get(one.sha256)
            if before is not None and not (retry and before.status == "failed"):
                known += 1
                failing += [path.name] if before.status == "failed" else []
                continue
            held = held or artifact.load(model)
            outcome = _deal(held, one, home, fail_on)
            if not one.still():
                unfinished.append(path.name)
                continue
            state[one.sha256] = outcome
            kept.save_state(home, state)
            made.append(outcome)
            figures = {"rows": outcome.rows, "flagged": outcome.flagged, "broken": outcome.broken}
            listener(Event("monitor", told(outcome), figures))
        if held is None:
            manifests.read_manifest(Path(model))
    return Monitored(tuple(made), known, tuple(unfinished), tuple(failing))


def told(outcome: Outcome) -> str:
    """One line about a delivery."""
    if outcome.status == "failed":
        return f"{outcome.file}: {outcome.error}"
    parts = [
        plural(outcome.rows, "row") + " scored",
        f"{outcome.flagged:,} with something to say",
        "contract kept" if not outcome.broken else plural(outcome.broken, "expectation") + " broken",
        f"drift: {outcome.drift}" if outcome.drift else "no drift",
    ]
    return f"{outcome.file}: {', '.join(parts)}"


def _deal(held: Artifact, one: Delivery, home: Path, fail_on: str) -> Outcome:
    from autoprep.serving import stream
    from autoprep.serving.drift import drift
    from autoprep.tracking.deliveries import Outcome

    outputs = {
        "predictions": f"predictions/{one.name}.parquet",
        "validation": f"reports/{one.name}.validation.json",
        "drift": f"reports/{one.name}.drift.json",
        "page": f"reports/{one.name}.html",
    }
    try:
        table = read(one.path)
        report = validation.validate(table, held.contract)
        rows, flagged = stream.write(held.scorer(), table.frame, home / outputs["predictions"])
        found = drift(held, table.collect())
    except ArtifactError:
        raise
    except InputError as error:
        return Outcome(one.path.name, one.sha256, held.digest, "failed", error=str(error), acceptable=False)
    with whole_file(home / outputs["validation"]) as beside:
        text = json.dumps(report.to_dict(), ensure_ascii=False, indent=1, default=str) + "\n"
        beside.write_text(text, encoding="utf-8")
    write_drift(found, home / outputs["drift"])
    write_drift(found, home / outputs["page"], f"Drift of {one.path.name}")
    return Outcome(
        one.path.name,
        one.sha256,
        held.digest,
        "scored",
        rows,
        flagged,
        sum(r.severity == "error" for r in report.broken),
        found.worst,
        outputs=outputs,
        acceptable=report.success and not found.at_least(fail_on),
    )
