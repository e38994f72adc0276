"""Optuna's samplers instead of evolution: Parzen estimators (TPE) or CMA-ES over the best family's space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from autoprep.errors import SettingError
from autoprep.model_search.configuration import Configuration
from autoprep.model_search.family import Axis
from autoprep.model_search.race import Race
from autoprep.model_search.threads import usable
from autoprep.model_search.trial import Bench

Sampler = Literal["evolution", "tpe", "cma"]
SAMPLERS = ("evolution", "tpe", "cma")


@dataclass
class Sampling:
    """A search by one of Optuna's samplers, started from what the race has judged.

    Attributes:
        bench: where fits happen.
        race: that runs them, its portfolio already judged.
        folds: on which a configuration is judged.
        seed: of the sampler.
        say: told of progress.
        kind: "tpe" (Bergstra 2011) or "cma" (Hansen 2001).
    """

    bench: Bench
    race: Race
    folds: Sequence[int]
    seed: int
    say: Callable[..., None]
    kind: Sampler = "tpe"

    def run(self, most: int) -> None:
        """Ask, fit and tell until the race's time is over or ``most`` were asked.

        Raises:
            SettingError: Optuna is not installed.
        """
        best = next((r for r in self.race.ranked(self.folds) if self.bench.space(r.configuration.family)), None)
        if best is None or most <= 0:
            return
        optuna = _optuna()
        start, space = best.configuration, self.bench.space(best.configuration.family)
        spread = {name: _distribution(optuna, axis) for name, axis in space.items()}
        sampler = (
            optuna.samplers.TPESampler(seed=self.seed, multivariate=True, n_startup_trials=4)
            if self.kind == "tpe"
            else optuna.samplers.CmaEsSampler(seed=self.seed)
        )
        study = optuna.create_study(sampler=sampler, direction="minimize")
        for runner in self.race.ranked(self.folds):
            known = {n: v for n, v in runner.configuration.parameters.items() if n in spread and _fits(space[n], v)}
            if runner.configuration.family == start.family and len(known) == len(spread):
                trial = optuna.trial.create_trial(params=known, distributions=spread, value=runner.mean(self.folds))
                study.add_trial(trial)
        before, asked = best.mean(self.folds), 0
        while asked < most and self.race.left() > 0:
            trials = [study.ask(spread) for _ in range(min(usable(), most - asked))]
            children = [self._child(start, trial.params) for trial in trials]
            self.race.batch([(c, f) for f in self.folds for c in children])
            ran = 0
            for trial, child in zip(trials, children, strict=True):
                loss = self.race.runner(child).mean(self.folds)
                failed = loss == float("inf")
                state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
                study.tell(trial, None if failed else loss, state=state)
                ran += not failed
            asked += ran
            if not ran:
                break
        after = self.race.ranked(self.folds)[0].mean(self.folds)
        self.say(f"{self.kind}: {asked} configurations, loss of the best {before:.4g} to {after:.4g}", loss=after)

    @staticmethod
    def _child(start: Configuration, drawn: dict[str, Any]) -> Configuration:
        parameters = {**start.parameters, **drawn}
        if "bagging_fraction" in parameters:
            parameters["bagging_freq"] = 1
        label = start.label.removesuffix(", evolved").removesuffix(", sampled") + ", sampled"
        return replace(start, parameters=parameters, label=label)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise SettingError("this sampler needs Optuna", hint="pip install 'autoprep[optuna]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _distribution(optuna: Any, axis: Axis) -> Any:
    if axis.choices:
        return optuna.distributions.CategoricalDistribution(axis.choices)
    if axis.whole:
        return optuna.distributions.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return optuna.distributions.FloatDistribution(axis.low, axis.high, log=axis.log)


def _fits(axis: Axis, value: Any) -> bool:
    return value in axis.choices if axis.choices else not isinstance(value, str) and axis.low <= value <= axis.high
