from __future__ import annotations

import numpy as np
import pytest

from escalade.core.space.path import Population
from escalade.search.dialogue import Dialogue, drive
from escalade.search.notebook import Notebook


def population(num: int) -> Population:
    return Population(np.arange(num * 2).reshape(num, 2), np.zeros((num, 3), dtype=np.int64))


def steps(told: list):
    scores = yield population(2)
    told.append(scores.tolist())
    scores = yield population(1)
    told.append(scores.tolist())
    return "found"


def test_steps_are_asked_and_told_in_order():
    told: list = []
    result = drive(
        Dialogue(steps(told), num_genes=2), score=lambda pop: np.full(len(pop), 1 / len(pop))
    )
    assert result == "found"
    assert told == [[0.5, 0.5], [1.0]]


def test_asking_again_before_telling_gives_the_same():
    searcher = Dialogue(steps([]), num_genes=2)
    assert searcher.ask() is searcher.ask()


def test_the_end_is_an_empty_population_of_the_right_shape():
    searcher = Dialogue(steps([]), num_genes=2)
    drive(searcher, score=lambda pop: np.zeros(len(pop)))
    assert len(searcher.ask()) == 0
    assert searcher.ask().genomes.shape == (0, 2)
    with pytest.raises(ValueError, match="nothing was asked"):
        searcher.tell(np.zeros(0))


def test_telling_without_asking_is_refused():
    with pytest.raises(ValueError, match="nothing was asked"):
        Dialogue(steps([]), num_genes=2).tell(np.zeros(2))


@pytest.mark.parametrize("scores", [[0.5], [0.5, np.nan], [0.5, 1.5], [-0.1, 0.5], [0.5, 0.5, 0.5]])
def test_wrong_scores_are_refused_and_right_ones_still_taken(scores):
    searcher = Dialogue(steps([]), num_genes=2)
    searcher.ask()
    with pytest.raises(ValueError, match="tell: "):
        searcher.tell(np.array(scores))
    searcher.tell(np.array([0.1, 0.2]))
    assert len(searcher.ask()) == 1


def test_no_result_before_the_end():
    with pytest.raises(ValueError, match="not done"):
        Dialogue(steps([]), num_genes=2).result()


def test_notes_asks_each_path_once_and_answers_repeats(space):
    genomes = space.sample_genomes(np.random.default_rng(0), 3)[[0, 1, 0, 2]]
    asked = Population(genomes, np.repeat(space.base_triple[None], 4, axis=0))
    notes = Notebook(space)
    scoring = notes.score(asked)
    assert len(next(scoring)) == 3
    with pytest.raises(StopIteration) as done:
        scoring.send(np.array([0.1, 0.2, 0.3]))
    assert done.value.value.tolist() == [0.1, 0.2, 0.1, 0.3]
    with pytest.raises(StopIteration) as again:
        next(notes.score(asked))
    assert again.value.value.tolist() == [0.1, 0.2, 0.1, 0.3]
    assert (notes.asked, notes.distinct) == (8, 3)
    assert notes.known(genomes[1], space.base_triple) == 0.2
