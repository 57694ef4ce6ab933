r"""Uniform against hierarchical sampling on full Fashion-MNIST: paths, ranking, families.

Whole:  python studies/sampling.py                about 2 hours on 2 free CPU cores
Table 3: python studies/sampling.py --table3      2 to 3 hours more: M = 1 and 3, T = 1, 2, 6 and 8
Short:  python studies/sampling.py --out runs/sampling_short --supernet-epochs 12 \
          --search-images 1000 --alone 20 --alone-epochs 2 --bases 6 --population 16 \
          --generations 4 --strategies 16 --iterations 2 --epochs 2 --search-seeds 1 --seeds 1
        about 35 minutes; one search a sampler, each network trained once
Look:   python studies/sampling.py --table [--out FOLDER]     what is finished, in seconds

The hours are estimates from 1,565 (uniform) and 2,277 (hierarchical) training images and 6 paths
of 1,512 images a core-second, measured in one process on a shared machine of 2 cores.

The 60,000 training images are divided as in the claim test: 30,000 train, 10,000 search, 20,000
judge; the test set is not used. Supernets of all samplers see the same images in the same order
with the same window around the budgets; a uniform path costs more, so equal images are not equal
compute (the table shows both). The parts, in this order:

(a) the same 1,000 paths (drawn uniformly and hierarchically) scored on every supernet: Fig. 5,
    Table 4;
(b) some of them, spread evenly over macs, trained from scratch and judged: does a supernet rank as
    training does, and does it beyond "more macs are better"?
(c) MCEA on the supernets; members s0 to s2, and s3 by each growth function, trained from scratch
    and judged: Table 3 (uniform against hierarchical) and Fig. 7d.

Every supernet, score, search and training is a file under --out: the same command after a kill
goes on. Results go to studies/results/sampling.json and sampling.md, at the end and by --table.
"""

from __future__ import annotations

from common.command import command
from common.lab import Parser
from common.study import Study, Work
from common.supernets import SampledJob
from sampling_study import families, results
from sampling_study.paths import Drawn, draw_paths, stratified
from sampling_study.setting import SAMPLERS, Setting
from sampling_study.table import markdown


def run(work: Work) -> None:
    """Everything that is not done yet, in the order of the parts."""
    paths = draw_paths(work.setting)
    _score(work, paths)
    _alone(work, paths)
    for seed in range(work.options.search_seeds):
        for row in families.rows(work.setting, table3=work.options.table3):
            _family(work, row, seed)


def _score(work: Work, paths: list[Drawn]) -> None:
    """Part (a): train every supernet, then score the same paths on each."""
    jobs = [
        _job(work, sampler, work.setting.num_scaled, seed)
        for seed in range(work.options.supernet_seeds)
        for sampler in SAMPLERS
    ]
    bench = work.searching
    bench.train(jobs)
    for job in jobs:
        bench.scored(job, [drawn.path for drawn in paths], results.SCORES)


def _alone(work: Work, paths: list[Drawn]) -> None:
    """Part (b): some of the paths trained from scratch."""
    setting = work.setting
    chosen = [paths[index].path.architecture for index in stratified(paths, setting.alone)]
    recipe = setting.recipe(setting.alone_epochs, setting.learning_rate)
    seeds = range(work.options.alone_seeds)
    work.retrain(chosen, results.ALONE, recipe, seeds)


def _family(work: Work, row: families.Row, seed: int) -> None:
    """Part (c): a search on one supernet, and its family retrained."""
    setting, job = work.setting, _job(work, row.sampler, row.num_scaled, seed)
    bench = work.searching
    bench.train([job])
    members = families.search_family(bench, setting, row, job, seed=seed)
    found = (member.architecture for member in members)
    recipe = setting.recipe(setting.epochs, setting.learning_rate)
    work.retrain(found, results.FAMILIES, recipe, range(work.options.seeds))


def _job(work: Work, sampler: str, num_scaled: int, seed: int) -> SampledJob:
    setting = work.setting
    return SampledJob(
        folder=families.supernet_folder(work.folder, sampler, num_scaled, seed),
        sampling=setting.sampler(sampler, num_scaled),
        recipe=setting.recipe(setting.supernet_epochs, setting.learning_rate),
        seed=seed,
    )


def _flags(parser: Parser) -> None:
    parser.add_argument("--table3", action="store_true", help="M = 1, 2, 3 and T = 1, 2, 4, 6, 8")


STUDY = Study(
    name="sampling",
    about=__doc__,
    setting=Setting(),
    counts={
        "supernet-seeds": (2, "supernets of each sampler"),
        "alone-seeds": (1, "trainings of each path"),
        "search-seeds": (2, "searches of each row"),
        "seeds": (2, "retrainings of every member"),
    },
    flags=_flags,
    run=run,
    to_json=lambda work: results.to_json(work.setting, work.folder, paths=draw_paths(work.setting)),
    markdown=markdown,
)
main = STUDY.main

if __name__ == "__main__":
    command(main)
