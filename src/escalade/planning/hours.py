"""Fits a run's schedule to a number of hours on this device."""

from __future__ import annotations

from dataclasses import replace

from escalade.config import Config, Recipe
from escalade.core.values.invalid import Invalid
from escalade.planning.device_times import DeviceTimes
from escalade.planning.member_sizes import MemberSizes
from escalade.planning.resolved_run import Run
from escalade.planning.stage_times import StageTimes, stage_times

# Shares of the time that is not export; what rounding leaves of the search's goes to the others.
TRAIN_SHARE, SEARCH_SHARE, RETRAIN_SHARE = 0.10, 0.04, 0.86
# Where networks are trained alone; the members' training has the rest.
ALONE_SHARE = 0.45
LEAST_STEPS = 200
FEW, LEAST_EVALUATIONS, MOST_EVALUATIONS = 400, 100, 8000
LEAST_EPOCHS, MOST_EPOCHS = 1.0, 200.0
# Settings that are fitted.
FITTED = (
    "supernet.recipe.steps",
    "supernet.recipe.epochs",
    "search.population",
    "search.generations",
    "search.rounds",
    "search.num_bases",
    "search.strategies",
    "search.num_skeletons",
    "search.num_variations",
    "search.recipe.steps",
    "search.recipe.epochs",
    "retrain.recipe.steps",
    "retrain.recipe.epochs",
)


def fit(run: Run, sizes: MemberSizes, times: DeviceTimes) -> Run:
    """The same run with epochs and evaluations that fit its `hours`.

    Raises:
        Invalid: if the time is too short for the least schedule, saying what it takes.
    """
    schedule = _Schedule(run, sizes, times)
    if not run.space.traits.has_supernet:
        return schedule.alone()
    fitted = schedule.supernet() if run.has_supernet else schedule.members()
    schedule.check(fitted, "use smaller budgets or fewer images")
    return fitted


class _Schedule:
    def __init__(self, run: Run, sizes: MemberSizes, times: DeviceTimes) -> None:
        assert run.config.hours is not None
        self._run, self._sizes, self._times = run, sizes, times
        self._seconds = run.config.hours * 3600

    def supernet(self) -> Run:
        """Steps of the supernet, scores of the search, epochs of the members."""
        one = self._take(self._at(LEAST_STEPS, FEW, LEAST_EPOCHS))
        free = self._seconds - one.export
        scores = one.evaluations * free * SEARCH_SHARE / max(one.search, 1e-9)
        scores = max(min(scores, MOST_EVALUATIONS), LEAST_EVALUATIONS)
        free -= self._take(self._at(LEAST_STEPS, scores, LEAST_EPOCHS)).search
        # Every member is also scored, whatever the epochs; and slices may need no training.
        more = self._take(self._at(LEAST_STEPS, FEW, 1 + LEAST_EPOCHS))
        per_epoch = more.trained - one.trained
        share = TRAIN_SHARE / (TRAIN_SHARE + RETRAIN_SHARE) if per_epoch > 0 else 1.0
        # Slices leave their rivals as long a training as they had in the supernet.
        twice = self._take(self._at(2 * LEAST_STEPS, FEW, LEAST_EPOCHS))
        training = (twice.train - one.train) + (twice.trained - one.trained)
        units = max(1.0, free * share / max(training, 1e-9))
        left = free - one.train - one.trained - (units - 1) * training
        epochs = LEAST_EPOCHS + left / max(per_epoch, 1e-9)
        if epochs > MOST_EPOCHS:  # what members have no use for, the supernet may have
            units += (epochs - MOST_EPOCHS) * per_epoch / max(training, 1e-9)
        units = max(1.0, min(units, self._most_units))
        fitted = self._at(LEAST_STEPS * units, scores, _within(epochs))
        # Short looks end at a length that does not go on with the epochs.
        epochs += (self._seconds - self._take(fitted).total) / max(per_epoch, 1e-9)
        return self._at(LEAST_STEPS * units, scores, _within(epochs))

    def members(self) -> Run:
        """Epochs of the members, which have all of the time."""
        one, more = (self._take(self._with(self._run.config, epochs)) for epochs in (1.0, 2.0))
        per_epoch = max(more.total - one.total, 1e-9)
        epochs = 1.0 + (self._seconds - one.total) / per_epoch
        for _ in range(2):  # short looks end at a length, and long trainings have none
            fitted = self._with(self._run.config, _within(epochs))
            epochs += (self._seconds - self._take(fitted).total) / per_epoch
        return self._with(self._run.config, _within(epochs))

    def alone(self) -> Run:
        """Epochs of the networks that are compared, and of the members."""
        unit = self._take(self._lasting(LEAST_EPOCHS, LEAST_EPOCHS))
        free = self._seconds - unit.export
        search = round(_within(min(free * ALONE_SHARE, free - unit.trained) / unit.search), 2)
        retrain = round(_within((free - search * unit.search) / unit.trained), 2)
        fitted = self._lasting(min(search, retrain), retrain)
        self.check(fitted, "use smaller budgets, fewer images or a smaller search.num_models")
        return fitted

    def check(self, fitted: Run, remedy: str) -> None:
        """Whether the schedule keeps the time, more or less."""
        needed = self._take(fitted).total
        if needed > 1.1 * self._seconds:
            raise Invalid(
                f"{self._seconds / 3600:.3g} are too short here: the least schedule takes about "
                f"{needed / 3600:.2g} h",
                path=("hours",),
                remedy=f"raise --hours, or {remedy}",
            )

    @property
    def _most_units(self) -> float:
        """Of the supernet's training, which all searched members share."""
        num_train = len(self._run.data.train)
        recipe = self._run.config.supernet.recipe.for_images(num_train)
        most = MOST_EPOCHS * len(self._sizes.searched)
        return most * num_train / (LEAST_STEPS * recipe.batch_size)

    def _take(self, run: Run) -> StageTimes:
        return stage_times(run, self._sizes, self._times)

    def _at(self, steps: float, scores: float, epochs: float) -> Run:
        """The run with so many steps, scores and epochs."""
        config, num = self._run.config, len(self._sizes.searched)
        search = self._run.method.fitted(config.search, num_scores=scores, num_budgets=num)
        recipe = replace(config.supernet.recipe, steps=round(steps), epochs=None)
        supernet = replace(config.supernet, recipe=recipe)
        return self._with(replace(config, supernet=supernet, search=search), epochs)

    def _lasting(self, search: float, retrain: float) -> Run:
        """The run with so many epochs of the networks that are compared, and of the members."""
        config = self._run.config
        recipe = _epochs(config.search.recipe, search)
        return self._with(replace(config, search=replace(config.search, recipe=recipe)), retrain)

    def _with(self, config: Config, epochs: float) -> Run:
        recipe = _epochs(config.retrain.recipe, round(epochs, 2))
        retrain = replace(config.retrain, recipe=recipe)
        return self._run.with_config(replace(config, retrain=retrain, fitted=True))


def _epochs(recipe: Recipe, epochs: float) -> Recipe:
    return replace(recipe, epochs=epochs, steps=None)


def _within(epochs: float) -> float:
    return min(max(epochs, LEAST_EPOCHS), MOST_EPOCHS)
