r"""BigNAS on full Fashion-MNIST: slices of one supernet that deploy without retraining.

Whole:  python studies/bignas.py --study all                 every study, two seeds
Short:  python studies/bignas.py --short --study rate,slices,step
Look:   python studies/bignas.py [--short] --table           what is finished, in seconds

Estimated core-hours with one seed on idle cores of an AMD EPYC, from 0.3 s a sandwich step of 128
images, in brackets the short form's (3 epochs in place of 20, fewer images that judge): rate 0.4
(0.1), slices 2.4 (0.4), half 0.7 (0.15), interference 0.15 (0.1), step 1.1 (0.25), start 0.03,
recipe 3.5 (0.5), distillation 1.2 (0.2), initialisation 3.2 (0.5), schedule 0.9 (0.15), paths 1.7
(0.25), stability 0.7 (0.15), regularisation and patches 0.5 each (0.1), recalibration 0.3 (0.1),
selection 1.5 (0.3), scalenet 1.2 (0.25). Two seeds of all: 37 (7), on two cores half of that in
hours.

Studies, in the order of `all`:

rate             learning rates of the sandwich and of the single-path step, on short supernets; the
                 best ones are used by all other studies (0.4 where this has not run), unless
                 --sandwich-rate and --single-rate say otherwise
slices           * slices of a small, a middle and a big budget against the same networks trained
                 from scratch on as many images as the largest path saw (Tables 2 and 3), with the
                 paper's recipe, with those that study `recipe` found better, and with a last part
                 of the training for the three networks alone, together
half             of that only the supernet whose second half trains the three networks, and networks
                 alone: with --epochs 40 --out runs/bignas_40, what a longer training gives
interference     why slices are below networks alone: two more epochs of a finished supernet, for
                 all paths, or for one, two or three networks; one seed
step             * sandwich rule and in-place distillation against single paths, at equal images and
                 at equal time, by about 30 slices over the range of macs
recipe           from the paper's recipe to what is better at this scale, one change at a time
distillation     labels for all paths, or for some time, in place of distillation
paths            two, four and six random paths a step
stability        what keeps the sum of the paths' gradients in bounds, on short supernets, scored as
                 learning rates are; one seed
start            the largest path's loss in the first 100 steps, by what trains with it
initialisation   gamma 0 and transition shortcuts, at the full and at 30 % of the rate (Figs. 4, 5)
schedule         exponential with constant ending, exponential, cosine (Fig. 6)
regularisation   on the largest path only, or on all (Fig. 7)
patches          one crop for all paths of a step, or one each (section 3.1)
recalibration    batch norm statistics of each slice, or ones that slices share
selection        coarse-to-fine (Fig. 8) against evolution and random, at equal evaluations
scalenet         ours: the sandwich step in the ScaleNet space `small`, whose family is sliced,
                 against a single-path supernet whose family is fine-tuned, or trained together

All take space `bignas_small` but the last. Recalibration, selection and scalenet have the best
recipe of study `recipe` (batches of 64, clipped gradients), paths and stability the one before it
(tuned), the others the paper's where nothing is said. The
60,000 training images are divided as in the claim test: 30,000 train, 10,000 choose rates and
networks, 20,000 judge; the test set is not used. The 30 slices are the same random networks for
every supernet. A supernet that several studies want is trained once.

A training takes one thread; OMP_NUM_THREADS=1 and --workers 1 leave the other cores alone. Every
supernet, score, search and training is a file under --out: the same command after a kill goes on.
Results go to studies/results/bignas.json (or bignas_short.json), the same .md and a picture.
"""

from __future__ import annotations

from bignas_study import (
    alone,
    arms,
    recalibration,
    results,
    scalenet,
    selection,
    start,
)
from bignas_study.figure import pictures
from bignas_study.setting import SHORT, Setting
from bignas_study.supernets import Work
from bignas_study.table import markdown
from common.command import command
from common.comparison import Parts
from common.study import Study

PARTS = Parts(
    {
        "rate": arms.compare("rate"),
        "slices": alone.run,
        "half": alone.run_half,
        "interference": alone.run_interference,
        "step": arms.compare("step"),
        "start": start.run,
        "recipe": arms.compare("recipe"),
        "distillation": arms.compare("distillation"),
        "paths": arms.compare("paths"),
        "stability": arms.compare("stability"),
        "initialisation": arms.compare("initialisation"),
        "schedule": arms.compare("schedule"),
        "regularisation": arms.compare("regularisation"),
        "patches": arms.compare("patches"),
        "recalibration": recalibration.run,
        "selection": selection.run,
        "scalenet": scalenet.run,
    },
    main=("rate", "slices", "step"),
)
STUDY = Study(
    name="bignas",
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
