"""What SCARLET's search costs beside the scores: sorting, crowding, controller, records, store.

    PYTHONPATH=src python benchmarks/nsga2_overhead.py [--generations 120] [--json]

The space is `scarlet`: 19 layers of 13 choices. A score is a look-up, and it is written into an
evaluation store as a search writes it. The score's own time is left out.
Target: 5 ms per candidate at most.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path as File

import numpy as np
import numpy.typing as npt

from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import Context, ScoreRow
from escalade.search.front.constraints import Constraint
from escalade.search.front.front_search import NSGA2
from escalade.spaces.load import load


def accuracy(gains: npt.NDArray[np.float64], population: Population) -> npt.NDArray[np.float64]:
    """A look-up: 0.2 to 0.8, what a choice adds in its layer."""
    layers = np.arange(len(gains))
    return np.asarray(0.2 + 0.6 * gains[layers, population.genomes].sum(axis=1))


def rows(space: Space, population: Population, scores: list[float]) -> list[ScoreRow]:
    """What the evaluator writes for scored paths."""
    made = []
    for genome, score in zip(population.genomes, scores, strict=True):
        path = space.path(genome, space.base_triple)
        made.append(
            ScoreRow.of(
                path.architecture,
                context=Context(supernet="weights", data="data", settings="settings"),
                path=path.key,
                num_correct=round(1000 * score),
                num_images=1000,
                seconds=0.0,
            )
        )
    return made


def main() -> None:
    """Parse, search, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--population", type=int, default=70)
    parser.add_argument("--generations", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    args = parser.parse_args()
    space = load("scarlet")
    rng = np.random.default_rng(args.seed)
    gains = rng.random((space.num_genes, space.genes[0].num_choices)) / space.num_genes
    context = Context(supernet="weights", data="data", settings="settings")
    searching = storing = 0.0
    with tempfile.TemporaryDirectory() as folder:
        store = EvaluationStore(File(folder) / "evaluations.sqlite")
        start = time.process_time()
        searcher = NSGA2(
            space,
            seed=args.seed,
            num_images=1000,
            constraints=[Constraint("macs", "<", 450e6), Constraint("accuracy", ">", 0.4)],
            population=args.population,
            generations=args.generations,
            identity_choices=space.layout.identity_choices,
        )
        while len(population := searcher.ask()):
            searching += time.process_time() - start
            scores = accuracy(gains, population)
            start = time.process_time()
            made = rows(space, population, scores.tolist())
            store.get(context, [row.path for row in made])
            store.put(made)
            storing += time.process_time() - start
            start = time.process_time()
            searcher.tell(scores)
        searching += time.process_time() - start
    found = searcher.result()
    result = {
        "candidates": found.distinct,
        "search_ms": 1e3 * searching / found.distinct,
        "store_ms": 1e3 * storing / found.distinct,
    }
    if args.json:
        print(json.dumps(result))
    else:
        print(
            f"{result['candidates']} candidates: search {result['search_ms']:.2f} ms and "
            f"store {result['store_ms']:.2f} ms each"
        )


if __name__ == "__main__":
    main()
