"""The settings of a run, with their meaning and defaults: what `config.yaml` holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import yaml

from escalade.config.member_training import RetrainConfig
from escalade.config.recipe import SMALL_STEPS, Recipe
from escalade.core.numbers.budget import KINDS, Budget, Ladder
from escalade.core.numbers.class_counts import Balance
from escalade.core.numbers.score_words import LabelTask
from escalade.core.values.codec import encode
from escalade.core.values.ranges import (
    AboveOne,
    Count,
    Hours,
    NotNegative,
    Positive,
    Said,
    Share,
    ShareAbove0,
    Some,
    SomeFrom0,
    between,
    one_of,
)

Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class DatasetConfig:
    """How images are decoded and divided.

    Attributes:
        side: stored height and width; None takes what the largest resolution needs.
        in_channels: 1 or 3; None lets the images decide.
        search_size: images per class (int) or share of a class (float) held out for the search;
            None takes 50 a class, at most a fifth (ScaleNet, section 4.1).
        limit: at most this many images in each split.
        max_skipped: share of a folder's images that may be unreadable; ten always may.
        duplicates: what is done about images that stand in two splits, by content: drop takes them
            out of the later one (of train, search, test), keep leaves them, refuse stops.
        levels: the values that become black and white in a folder's images of more than eight
            bits, such as [0, 4095]; None takes them from the images.
        root: the folder that a table's files are in; None takes the table's own.
        task: whether a table's images have one label each (classification) or several
            (multilabel); None lets its rows say.
    """

    side: Some | None = None
    in_channels: Count | None = None
    search_size: int | float | None = None
    limit: Count | None = None
    max_skipped: float = 0.05
    duplicates: Literal["drop", "keep", "refuse"] = "drop"
    levels: list[float] | None = None
    root: Said | None = None
    task: LabelTask | None = None
    balance: Balance = "none"


@dataclass(frozen=True, kw_only=True)
class SupernetConfig:
    """The super-supernet and its training (ScaleNet, section 3.2; BigNAS, section 3.1).

    Attributes:
        step: single_path (ScaleNet), or sandwich: the largest, the smallest and random paths in
            every step, so that slices need no retraining (BigNAS); or, in a space of choices,
            fair: every choice of every layer once a step (SCARLET); or, in a run from a pretrained
            network, taught: random paths near the budgets learn from it. None takes fair in a
            space of choices, taught from a pretrained network, else single_path.
        identity: how the identities of a space of choices run in the supernet: let (a linear 1x1
            convolution), let_relu or plain; None as the space says.
        num_random: random paths of a sandwich, or paths of a taught step.
        distillation: a sandwich's other paths learn from the largest one's predictions.
        regularise: which paths of a sandwich have dropout and weight decay: largest or all.
        patches: the paths of a sandwich see the same crops, or each different ones.
        zero_residual: every residual branch begins at zero.
        coupled: train left and right channels alternately (BCNet).
        sampler: hierarchical or uniform.
        weights: equal, proportional, or one weight per scaling stage (eq. 1).
        window: redraw paths farther than this factor from their stage's budget; None keeps all.
        balance: within the window, draw evenly over resolution, depth, both or none.
        opening: of a taught step: at_once trains all choices from the first step; in_turn begins
            with resolutions and hidden widths, all else whole, and opens kernels, depths and widths
            one after another.
        recipe: how to train.
    """

    step: str | None = None
    identity: Annotated[str, one_of("let", "let_relu", "plain")] | None = None
    num_random: Some = 2
    distillation: bool = True
    regularise: Literal["largest", "all"] = "largest"
    patches: Literal["same", "different"] = "same"
    zero_residual: bool = False
    coupled: bool = False
    sampler: Literal["hierarchical", "uniform"] = "hierarchical"
    weights: str | list[float] = "equal"
    window: AboveOne | None = 1.5
    balance: Literal["none", "resolution", "depth", "both"] = "both"
    opening: Literal["at_once", "in_turn"] = "at_once"
    recipe: Recipe = field(default_factory=lambda: replace(SMALL_STEPS, epochs=30.0))


@dataclass(frozen=True, kw_only=True)
class SeedNetworkConfig:
    """A pretrained network that a run starts from (docs/how-to/pretrained.md).

    Attributes:
        source: a timm name, local-dir:FOLDER, the folder of a member, or a weights file.
        architecture: of a weights file: a known name, timm's, or an architecture file.
        digest: of the network as it was read; the run writes it down.
        scratch: what is done about a start from scratch: switch trains the network and a plain one
            shortly, and goes on from scratch where that is clearly ahead; tell says so and goes on
            with the network; stop ends the run there, once; none does not try it.
        rate: the learning rates of the network's fine-tuning, of the supernet that begins as it and
            of the members, relative to their recipes'.
    """

    source: Said
    architecture: Said | None = None
    digest: str | None = None
    scratch: Literal["switch", "tell", "stop", "none"] = "switch"
    rate: Positive = 0.1


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How paths are scored.

    Attributes:
        recalibration_images: training images that batch-norm statistics are taken from.
        precision: fp32 or bf16; None is bf16 where a short look says that it is faster.
    """

    recalibration_images: Count = 1024
    precision: Precision | None = None


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """The search (ScaleNet, section 3.3; BigNAS, 3.2; SCARLET, Algorithm 1).

    Attributes:
        method: mcea, random, independent, surrogate or nsga2; coarse_to_fine where choices are per
            stage and layer; by_hand searches nothing. None takes that in short runs that ask for no
            search; else mcea where there are scaling stages, nsga2 in a space of choices, and
            coarse_to_fine elsewhere.
        chosen_by: the networks' own scores (score), or what a model of all scores holds them to be
            worth (posterior). None takes posterior for the method surrogate, else score.
        images: score paths on the search split, or, as BigNAS does, on training images (train).
        num_bases: random base networks that rank the first strategies (K).
        rounds: rounds of base and strategy search (T).
        population: of an evolution; None takes 70 for nsga2, 32 (bases a batch) for surrogate,
            else 64.
        generations: of an evolution; None takes 120 for nsga2, 8 (batches) for surrogate, else 40.
        strategies: most strategies evaluated per stage at a time.
        stage_weights: pi, one per scaling stage from 0; None weighs stages 1 to M equally.
        num_models: networks of a design space that are trained alone and compared.
        recipe: how to train each of them.
        num_skeletons: networks of the coarse grid that are scored at most, per budget.
        num_variations: of its best one that are scored at most, per budget.
        objectives: of nsga2: error and costs to minimise, or with a minus to maximise; None takes
            error, what the budgets count, and -params (params and macs for budgets in params).
        objective_weights: of the crowding distances, one each, of sum 1; None takes the paper's
            for the paper's objectives, equal ones for others.
        constraints: of nsga2: hard limits, such as macs < 500M or accuracy > 0.4.
        members: of nsga2 without budgets: networks chosen of the front (K); None takes 3.
        crossover: of nsga2: share of the children made by crossover; the others are mutated. None
            takes 0.5, or all where nothing mutates.
        exploitation: of nsga2: mutate by a controller that learns.
        exploration: of nsga2: mutate by a roulette wheel.
        finalists: networks a budget (families, where members are one base) that short trainings
            confirm before one is chosen; 0 for none.
        finalist_rounds: of these trainings; after each the better half goes on.
        finalist_share: of the members' training, what a round takes.
    """

    method: str | None = None
    chosen_by: Annotated[str, one_of("score", "posterior")] | None = None
    images: Literal["search", "train"] = "search"
    num_bases: Some = 20
    rounds: Some = 4
    population: Some | None = None
    generations: Some | None = None
    strategies: Some = 64
    stage_weights: list[NotNegative] | None = None
    num_models: Some = 32
    recipe: Recipe = field(default_factory=lambda: replace(SMALL_STEPS, epochs=5.0))
    num_skeletons: Some = 24
    num_variations: Some = 48
    objectives: list[str] | None = None
    objective_weights: list[float] | None = None
    constraints: list[str] = field(default_factory=list)
    members: Some | None = None
    crossover: Share | None = None
    exploitation: bool = True
    exploration: bool = True
    finalists: SomeFrom0 = 0
    finalist_rounds: Count = 2
    finalist_share: ShareAbove0 = 0.1


@dataclass(frozen=True, kw_only=True)
class GrowConfig:
    """Larger members from the fitted growth rule (ScaleNet, section 3.4).

    Attributes:
        num: members to grow beyond the searched ones.
        function: exponential (eq. 9), linear, squared or compound (one exponent a dimension); law
            (the least error by a law of depth, width and resolution fitted to all scores, also
            where members share no base) or greedy (stage by stage, by such scores).
        rule: how the best network of a design space is scaled, such as dWr, dwr or alpha=0.5.
        compare: rules whose networks are listed beside each grown member, made of the same base
            for the same budget.
    """

    num: SomeFrom0 = 2
    function: Literal["exponential", "linear", "squared", "compound", "law", "greedy"] = (
        "exponential"
    )
    rule: str = "dWr"
    compare: list[str] = field(default_factory=lambda: ["dWr", "dwr"])


@dataclass(frozen=True, kw_only=True)
class LatencyConfig:
    """What a latency is, in budgets and in the report.

    Attributes:
        batch_size: images at a time.
        threads: CPU threads; None takes torch's choice.
        backend: eager torch, or onnx: onnxruntime on this machine's CPU, batch norm folded; for
            budgets, limits and the family's own times.
        table: another device's times, as `escalade latency --import` reads them, for budgets and
            limits; None measures this device.
    """

    batch_size: Count = 1
    threads: Some | None = 1
    backend: Literal["eager", "onnx"] = "eager"
    table: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Which formats members are exported to, besides timm's.

    Attributes:
        onnx: model.onnx.
        opset: of it, the version of ONNX's operators.
        preprocessing: of it: outside takes prepared images; inside takes bytes of any size, which
            are resized, cropped and normalised in the graph.
        torch_export: program.pt2.
        executorch: model.pte, for images one at a time, where the package executorch is installed.
        int8: model.int8.onnx, made of the other; takes some seconds to a minute a member.
        int8_tune: where INT8 loses more than a point, train the member on shortly with its rounding
            in place; kept where that is more accurate on the search images.
    """

    onnx: bool = True
    opset: Annotated[int, between(18, 25)] = 18
    preprocessing: Literal["outside", "inside"] = "outside"
    torch_export: bool = True
    executorch: bool = False
    int8: bool = False
    int8_tune: bool = False


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything a run does; `config.yaml` of a run folder holds it fully resolved.

    Attributes:
        data: a folder of class folders, or a data set's name.
        budgets: the ladder, from small to large, such as [60M, 120M, 240M]; none where nsga2
            chooses members of its front.
        budget_kind: macs, params, activations, memory (peak bytes in fp32; memory_fp16 and
            memory_int8 in these) or latency.
        tolerance: relative, on both sides of every budget.
        limits: what every searched network may cost at most beside its budget, such as memory:
            256kB; of any kind but latency.
        space: a space's name or file; None takes the named space nearest to the first budget.
        seed: of everything.
        device: auto, cpu or cuda.
        precision: fp32 or bf16, in training.
        threads: CPU threads in training; None takes all cores, or one where a short look says that
            more are hardly faster, as beside a busy neighbour.
        workers: processes of one thread that score and retrain on CPU, None takes all cores; on GPU
            processes that share the GPU in retraining, None takes one.
        memory: bytes that all processes together may hold on CPU; None takes half of what is free.
        hours: fit the schedule to this time on this device; None keeps the recipes as they are.
        fitted: whether that was done: the recipes are what this run uses.
        rival: what a family has to be better than: the plain base of the space, scaled by a rule
            to every budget (from a pretrained network: that network at the largest resolution
            within it). contest trains both shortly before there are members, and makes those of
            what is ahead; beside trains a rival beside every member and for as long, and keeps it
            where it is clearly better; none does neither. auto is contest where members are
            trained without the supernet's weights, else beside.
        seed_network: the pretrained network that the run starts from; None starts from nothing.
    """

    data: str = "demo"
    budgets: list[float] = field(default_factory=list)
    budget_kind: Annotated[str, one_of(*KINDS)] = "macs"
    tolerance: float = 0.05
    limits: dict[str, float] = field(default_factory=dict)
    space: str | None = None
    seed: int = 0
    device: str = "auto"
    precision: Precision = "fp32"
    threads: Some | None = None
    workers: Some | None = None
    memory: Positive | None = None
    hours: Hours | None = None
    fitted: bool = False
    rival: Literal["auto", "contest", "beside", "none"] = "auto"
    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    supernet: SupernetConfig = field(default_factory=SupernetConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    grow: GrowConfig = field(default_factory=GrowConfig)
    latency: LatencyConfig = field(default_factory=LatencyConfig)
    retrain: RetrainConfig = field(default_factory=RetrainConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    seed_network: SeedNetworkConfig | None = None

    @property
    def follows_law(self) -> bool:
        """Whether grown members follow from all scores, not from the searched members alone."""
        return self.grow.function in ("law", "greedy")

    @property
    def ladder(self) -> Ladder:
        """The budgets as a ladder.

        Raises:
            Invalid: if there are none, or they do not rise.
        """
        return self.ladder_of(self.budgets)

    def ladder_of(self, targets: Sequence[float]) -> Ladder:
        """A ladder of other sizes, counted and met as the budgets are."""
        kind, tolerance = self.budget_kind, self.tolerance
        return Ladder(tuple(Budget(target, kind, tolerance) for target in targets))

    def to_yaml(self) -> str:
        """The text of `config.yaml`."""
        return yaml.safe_dump(encode(self), sort_keys=False)
