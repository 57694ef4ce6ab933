"""Settings that must suit each other, whatever the space and the search."""

from __future__ import annotations

from escalade.config.member_training import RetrainConfig
from escalade.config.settings import Config
from escalade.core.scaling import rules
from escalade.core.values.invalid import Invalid, Step, within


def check(config: Config) -> None:
    """Refuse settings that cannot be together.

    Raises:
        Invalid: at the first of them, with what would work.
    """
    if config.evaluation.recalibration_images < 2:
        raise Invalid(
            f"{config.evaluation.recalibration_images} image has no statistics",
            path=("evaluation", "recalibration_images"),
            remedy="use 2 or more",
        )
    _check_rule(config.grow.rule, "rule")
    for i, rule in enumerate(config.grow.compare):
        _check_rule(rule, "compare", i)
    if config.supernet.recipe.drop_path_rate:
        raise Invalid(
            f"{config.supernet.recipe.drop_path_rate:g} is for networks trained alone",
            path=("supernet", "recipe", "drop_path_rate"),
            remedy="leave it out, or give it in retrain.recipe",
        )
    if config.budgets:
        _ = config.ladder
    if config.export.int8 and not config.export.onnx:
        problem = "model.int8.onnx is made from model.onnx"
        raise Invalid(problem, path=("export", "int8"), remedy="use export.onnx: true")
    if config.export.int8_tune and not config.export.int8:
        problem = "it tunes model.int8.onnx, which is not made"
        raise Invalid(problem, path=("export", "int8_tune"), remedy="use export.int8: true, too")
    if config.seed_network is not None and config.supernet.coupled:
        problem = "only spaces that scale can be coupled, not one around a network"
        raise Invalid(problem, path=("supernet", "coupled"), remedy="use false")
    _check_members(config)
    with within("retrain"):
        _check_weights(
            config.retrain, coupled=config.supernet.coupled, finalists=config.search.finalists
        )


def _check_rule(name: str, *path: Step) -> None:
    try:
        rules.parse(name)
    except Invalid as error:
        raise Invalid(error.problem, path=("grow", *path), remedy=error.remedy) from None


def _check_members(config: Config) -> None:
    """One weight, if any, and one member a budget."""
    search, num = config.search, len(config.budgets)
    if search.stage_weights is not None and len(search.stage_weights) != num:
        raise Invalid(
            f"{search.stage_weights} are not {num} weights, one per budget",
            path=("search", "stage_weights"),
        )
    if num and search.members is not None:
        raise Invalid(
            "members are chosen from a front, but every budget has one member",
            path=("search", "members"),
            remedy="give budgets or members",
        )


def _check_weights(retrain: RetrainConfig, *, coupled: bool, finalists: int) -> None:
    """Where members' weights may come from."""
    way = None if retrain.searched is None else retrain.way
    if coupled and way is not None and way.uses_slices:
        raise Invalid(
            f"{way.name} needs a supernet that is not coupled",
            path=("searched",),
            remedy="use in_turn or retrain, or supernet.coupled: false",
        )
    if finalists and way is not None and not (way.alone or way.together):
        raise Invalid(
            "members that are slices are not trained, so no training can confirm them",
            path=("searched",),
            remedy="use finetune, together or retrain, or search.finalists: 0",
        )
    usual = RetrainConfig().distillation
    if retrain.distillation != usual and (way is None or not way.together):
        raise Invalid(
            f"{retrain.distillation:g} is for members that train together",
            path=("distillation",),
            remedy=f"leave it out or at {usual:g}, or use retrain.searched: together",
        )
