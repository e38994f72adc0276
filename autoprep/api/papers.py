"""The verbs about a model's papers: the card, and the audit of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autoprep.api.data import PathLike
from autoprep.errors import InputError, SettingError, did_you_mean
from autoprep.types import Leaderboard, load_yaml

CARD = "card.md"


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        passed: checks that hold, one sentence each.
        failed: checks that do not.
        blank: questions of the card that only a person can answer and nobody has.
    """

    passed: tuple[str, ...]
    failed: tuple[str, ...]
    blank: tuple[str, ...]

    def holds(self, strict: bool) -> bool:
        """Whether nothing failed and, when strict, nothing is blank."""
        return not self.failed and not (strict and self.blank)


def write_card(model: PathLike, answers: PathLike | Mapping[str, Any] | None = None) -> list[str]:
    """Write the card of a model folder again, with a person's answers; returns the questions that stay blank.

    Args:
        model: the folder; it is sealed again.
        answers: question -> answer (see ``tracking.cards.QUESTIONS``), or a YAML file of them.

    Raises:
        ArtifactError: the folder was altered.
        SettingError: an answer to a question that is not asked.
    """
    from autoprep.serving import artifact
    from autoprep.tracking import cards

    said = answers if answers is None or isinstance(answers, Mapping) else load_yaml(answers)
    if said is not None and not isinstance(said, Mapping):
        raise SettingError("is not a mapping of questions to answers", where=str(answers))
    for key in said or {}:
        if key not in cards.QUESTIONS:
            raise SettingError(f"unknown question '{key}'", hint=did_you_mean(str(key), cards.QUESTIONS))
    held = artifact.load(model)
    board = held.leaderboard or Leaderboard(str(held.facts["metric"]), True)
    text = cards.card(held.facts, held.plan, board, held.manifest["versions"], said)
    artifact.add_papers(model, {CARD: text})
    return cards.blanks(text)


def audit(model: PathLike) -> Audit:
    """Check a model folder: every hash, the replay, every figure of the card against the artefact, the blanks.

    Raises:
        ArtifactError: the folder is damaged, altered or newer.
    """
    from autoprep.serving import artifact
    from autoprep.tracking import cards

    held = artifact.load(model)
    passed, failed = [f"{len(held.manifest['files'])} files are as they were written"], list[str]()
    replayed = artifact.replay(model)
    said = f"{replayed.rows} kept rows predict the same bytes"
    (passed if replayed.identical else failed).append(said if replayed.identical else f"not so: {said}")
    try:
        text = held.paper(CARD)
    except InputError:
        return Audit(tuple(passed), (*failed, "there is no card"), tuple(cards.QUESTIONS))
    found = cards.figures(text)
    wrong = [place for figure, place in found if figure != cards.written(_at(held, place))]
    if wrong:
        failed.append(f"the card differs from the artefact in {', '.join(wrong[:5])}")
    else:
        passed.append(f"{len(found)} figures of the card equal the artefact's")
    return Audit(tuple(passed), tuple(failed), tuple(cards.blanks(text)))


def _at(held: Any, place: str) -> Any:
    """The figure that a place of the card names."""
    if place.startswith("leaderboard.json"):
        return len(held.leaderboard.trials) if held.leaderboard else 0
    if place.startswith("plan.yaml: "):
        return sum(a.status == place.removeprefix("plan.yaml: ") for a in held.plan.actions)
    head, _, rest = place.partition(".")
    value: Any = held.manifest[head]
    while rest:
        key = next((k for k in sorted(value, key=len, reverse=True) if rest == k or rest.startswith(f"{k}.")), None)
        if key is None:
            return None
        value, rest = value[key], rest[len(key) + 1 :]
    return value
