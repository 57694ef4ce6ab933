"""Which start looks better, in a sentence."""

from __future__ import annotations

from pathlib import Path

from escalade.artefacts.run_folder import RunFolder, command
from escalade.artefacts.starts_tried import StartsTried
from escalade.core.numbers.shown import points


def starts_in_words(tried: StartsTried, folder: Path) -> str:
    """What the pretrained start was worth in a short look; where nothing was, how to do without.

    Args:
        tried: the look.
        folder: of the run.
    """
    if not tried.trials:
        return f"Whether {tried.seed} or no start is better is not known: {tried.note}."
    worth = _worth(tried)
    if tried.switched:
        return (
            f"{worth}; so the run goes on from scratch (seed_network.scratch: tell stays with "
            f"{tried.seed})."
        )
    if tried.scratch_is_ahead:
        if tried.note:
            return f"{worth}; from scratch looks better, but cannot be had: {tried.note}."
        return f"{worth}; so from scratch looks better: {from_scratch(folder)}"
    if abs(tried.difference) <= tried.standard_error:
        return f"{worth}; that is too close to tell."
    return f"{worth}; so it looks like the better start."


def start_on_card(tried: StartsTried) -> str:
    """What a member's card says of its run's start; empty where nothing is known."""
    if not tried.trials:
        return ""
    how = "from scratch" if tried.switched else f"from {tried.seed}"
    return f"{_worth(tried)}. The run started {how}."


def from_scratch(folder: Path) -> str:
    """The command of the same run without the pretrained network."""
    named = folder if folder.name else folder.resolve()
    out = named.with_name(f"{named.name}-scratch")
    return command("run", "--config", RunFolder(folder).without_network, "--out", out)


def _worth(tried: StartsTried) -> str:
    """What the pretrained start was worth, without a full stop."""
    num = len(tried.trials)
    where = f"in the mean over {num} budgets" if num > 1 else "at one budget"
    told = points(tried.difference, tried.standard_error)
    return (
        f"Starting from {tried.seed} was worth {told} points on the search images, {where}, "
        f"against a plain network of the space {tried.space} from scratch, after a short training "
        "of both"
    )
