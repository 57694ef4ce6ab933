r"""SCARLET on full Fashion-MNIST: equivalent identities, fair training, constrained search.

Whole:  python studies/scarlet.py --study all                 every study, two seeds
Short:  python studies/scarlet.py --short --study rate,identity,constraint
Look:   python studies/scarlet.py [--short] --table           what is finished, in seconds

Estimated core-hours with one seed, from 1.2 s a fair step (13 passes of 128 images) on a shared
core of an AMD EPYC, in brackets the short form's (2 epochs in place of 10, fewer images that
judge): rate 1.3 (0.35), identity 2.6 (0.5), constraint 0.7 (0.1), genome 0.3 (0.1), extremes 0.1
(0.05), folds 1.4 (0.3), controller 1.1 (0.15), fairness 3.4 (0.85). All but genome and extremes
need the reference supernet too, 0.85 (0.2), which identity counts. Two seeds of all: 21 (4.5), on
two cores half of that in hours.

Studies, in the order of `all`:

rate         learning rates of the strictly fair and of the single-path step, on short supernets;
             the best ones are used by all other studies (0.1 and 0.4 where this has not run),
             unless --fair-rate and --single-rate say otherwise
identity     * identities as linear 1x1 convolutions (LET), as they are, and with a ReLU: mean and
             spread of path accuracy while the supernet trains and at the end (Fig. 1)
constraint   * the search with and without the constraint on the accuracy: fronts, and the share of
             identities by generation (Fig. 6)
genome       the paper's random network trained alone with LET, with LET and ReLU, and with its
             identities removed (Fig. 4)
extremes     all identity and all K7E6 trained alone (Table 2)
folds        ours: the space in which every identity folds against the paper's
controller   the search with and without controller and weights: hypervolume over evaluations
fairness     strictly fair steps against random paths at equal passes: rank correlation with
             networks trained alone

All take space `scarlet_small`. The 60,000 training images are divided as in the claim test: 30,000
train, 10,000 choose rates and score paths in searches, 20,000 judge; the test set is not used. The
random networks are the same genomes for every supernet, each with batch norm statistics of its own.
The paper's Fig. 1 has training accuracies of the paths that are trained on; here the same networks
are looked at again and again, on training images. A supernet that several studies want is trained
once.

On CPU a training takes one thread; OMP_NUM_THREADS=1 and --workers 1 leave the other cores alone.
With --device cuda the --workers trainings share one GPU. Every supernet, score, search and training
is a file under --out: the same command after a kill goes on. Results go to
studies/results/scarlet.json (or scarlet_short.json), the same .md, and pictures.
"""

from __future__ import annotations

from common.command import command
from common.comparison import Parts
from common.study import Study
from scarlet_study import alone, results, searches
from scarlet_study.figure import pictures
from scarlet_study.setting import SHORT, Setting
from scarlet_study.supernets import Work
from scarlet_study.table import markdown

PARTS = Parts(
    {
        "rate": lambda work, seed: work.compare("rate", seed),
        "identity": lambda work, seed: work.compare("identity", seed),
        "constraint": lambda work, seed: searches.run(work, "constraint", seed),
        "genome": alone.run_genome,
        "extremes": alone.run_extremes,
        "folds": alone.run_folds,
        "controller": lambda work, seed: searches.run(work, "controller", seed),
        "fairness": alone.run_fairness,
    },
    main=("rate", "identity", "constraint"),
)
STUDY = Study(
    name="scarlet",
    about=__doc__,
    setting=Setting(),
    short=SHORT,
    counts={"seeds": (2, "of everything")},
    flags=PARTS.flags,
    work=Work,
    run=PARTS.run,
    to_json=results.to_json,
    markdown=markdown,
    pictures=pictures,
)
main = STUDY.main

if __name__ == "__main__":
    command(main)
