"""Mistyped and wrong-typed command lines: exit code 2 and a message of one to three lines."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Command line, and words of the message.
WRONG = [
    ("bogus", "'bogus'"),
    ("demoo", "did you mean demo?"),
    ("--hepl", "did you mean --help?"),
    ("demo --ot x", "did you mean --out?"),
    # plan and run
    ("plan", "--data"),
    ("plan --data demo", "--budgets"),
    ("plan --budgets 1M", "--data"),
    ("plan --preset smok", "did you mean smoke?"),
    ("plan --preset smoke --formt json", "did you mean --format?"),
    ("plan --preset smoke --format jsn", "did you mean json?"),
    ("plan --preset smoke --set foo", "KEY=VALUE"),
    ("plan --preset smoke --limit memory", "--limit: 'memory' is not KIND=AMOUNT"),
    ("plan --preset smoke --limit memry=1MB", "limits: 'memry' is not known; did you mean memory?"),
    ("plan --preset smoke --limit memory=1kB", "limits.memory: 1kB is below every network of"),
    ("plan --preset smoke --limit memory=1X", "limits.memory: cannot read '1X'", "like 256kB"),
    ("plan --preset smoke --balance sampl", "dataset.balance: 'sampl'", "mean sampling?"),
    ("latency", "name a network, or use --export-parts or --import"),
    ("latency efficientnet_b0 --export-parts d", "give one of networks, --export-parts and"),
    ("latency efficientnet_b0 --space small", "--space: goes with --export-parts"),
    ("latency --export-parts d --classes 0", "--classes: 0 is not positive"),
    ("latency --export-parts d --budgets 2M,1M", "2M, 1M do not rise"),
    ("latency --import no.json", "no.json: there is no list of times here"),
    ("plan --preset smoke --set =3", "KEY=VALUE"),
    ("plan --preset smoke --set search=[1", "not a YAML value"),
    ("plan --preset smoke --set serch.rounds=3", "did you mean search?"),
    ("plan --preset smoke --set search.round=3", "did you mean rounds?"),
    ("plan --preset smoke --set search.rounds=many", "search.rounds", "many"),
    ("plan --preset smoke --set search.rounds=2.5", "search.rounds", "2.5"),
    ("plan --preset smoke --set search.rounds=0", "search.rounds: 0 is not positive"),
    ("plan --preset smoke --set search=3", "search: expected a mapping"),
    ("plan --preset smoke --set data=3", "data"),
    ("plan --data food101 --budgets 5M", "dataset.side: 'food101' has images of many sizes"),
    ("plan --preset smoke --set dataset.limit=3", "dataset.limit: 3 is below the 10 classes"),
    ("plan --preset smoke --set dataset.max_skipped=2", "dataset.max_skipped: 2.0 is outside"),
    ("plan --preset smoke --set tolerance=2", "tolerance: 2.0 is outside (0, 1)"),
    ("plan --preset smoke --set precision=fp61", "precision: 'fp61'", "fp32"),
    ("plan --preset smoke --set device=tpu", "device: 'tpu'", "cpu"),
    ("plan --preset smoke --set supernet.sampler=unifrm", "did you mean uniform?"),
    ("plan --preset smoke --set supernet.weights=equl", "supernet.weights: 'equl'", "equal"),
    ("plan --preset smoke --set supernet.weights=[1]", "supernet.weights: need 2 weights"),
    ("plan --preset smoke --set supernet.window=1", "supernet.window: 1.0 is not above 1"),
    (
        "plan --preset smoke --set supernet.recipe.learning_rate=-1",
        "supernet.recipe.learning_rate: -1.0 is not positive",
    ),
    (
        "plan --preset smoke --set retrain.recipe.schedule=cosin",
        "retrain.recipe.schedule: 'cosin' is not known",
    ),
    ("plan --preset smoke --set supernet.recipe.steps=0", "supernet.recipe.steps: 0"),
    ("plan --preset smoke --set search.stage_weights=[0,1,1]", "search.stage_weights", "2 weights"),
    ("plan --preset smoke --set search.strategies=1", "strategies"),
    (
        "plan --preset smoke --space tiny_se.yaml",
        "stages[0].se.ratio: 0.01 of 16 channels is below 1",
    ),
    (
        "plan --preset smoke --space scarlet_small --set supernet.window=2",
        "supernet.window: 2.0 has no effect in the space scarlet_small",
    ),
    (
        "plan --preset smoke --space scarlet_small_folds --set supernet.identity=let_relu",
        "supernet.identity: let_relu",
    ),
    (
        "plan --preset smoke --set supernet.coupled=true --set retrain.searched=slice",
        "retrain.searched: slice needs",
    ),
    (
        "plan --preset smoke --set retrain.recipe.learning_rte=1",
        "did you mean learning_rate?",
    ),
    ("plan --preset smoke --set dataset.limit=-5", "dataset.limit"),
    ("plan --preset smoke --set space=smal", "did you mean small?"),
    ("plan --preset smoke --space smal", "did you mean small?"),
    ("plan --preset smoke --budget-kind mac", "did you mean macs?"),
    ("plan --preset smoke --budgets 4ms,8ms --budget-kind latensy", "did you mean latency?"),
    ("plan --preset smoke --budgets 4ms,8ms", "'4ms'", "times are of --budget-kind latency"),
    ("plan --preset smoke --budgets 4M,8M --budget-kind latency", "'4M'", "write it like 4ms"),
    ("plan --preset smoke --set latency.batch_size=0", "latency.batch_size: 0 is not positive"),
    ("plan --preset smoke --set latency.batchsize=1", "did you mean batch_size?"),
    ("plan --preset smoke --set grow.compare=[dwW]", "grow.compare[0]: 'dwW' is not known"),
    ("plan --preset smoke --budgets 1M,3zz", "'3zz'", "60M"),
    ("plan --preset smoke --budgets 1M,,2M", "''"),
    ("plan --preset smoke --budgets 2M,1M", "2M, 1M do not rise"),
    ("plan --preset smoke --budgets=-1M", "'-1M'"),
    ("plan --preset smoke --budgets 1k,2k", "1k macs at stage 0", "108.3k to"),
    ("plan --preset smoke --budgets 1G,2G", "1G macs at stage 0", " to 1"),
    ("plan --preset smoke --budgets 0.4M,100M", "they multiply by 1 to"),
    ("plan --preset smoke --hours soon", "--hours", "'soon'"),
    ("plan --preset smoke --hours 0", "hours: 0.0 is not positive"),
    ("plan --preset smoke --grow x", "--grow", "'x'"),
    ("plan --preset smoke --grow=-1", "grow.num: -1 is negative"),
    ("plan --preset smoke --seed x", "--seed", "'x'"),
    ("plan --preset smoke --data nowhere", "there is no folder nowhere", "demo"),
    ("plan --preset smoke --data fashion_mnis", "did you mean fashion_mnist?"),
    ("plan --preset smoke --data file.txt", "file.txt is a file"),
    ("plan --config nowhere.yaml", "nowhere.yaml"),
    ("plan --config list.yaml", "list.yaml: expected settings"),
    ("plan --config torn.yaml", "torn.yaml: not valid YAML"),
    ("run --preset smoke --out file.txt", "file.txt: is a file"),
    ("run --preset smoke --out file.txt/run", "cannot make the run folder"),
    ("run --preset smoke --out full", "neither empty nor a run folder"),
    # stages
    ("train", "RUN"),
    ("train nowhere", "nowhere: not a run folder"),
    ("search nowhere", "nowhere: not a run folder"),
    ("grow nowhere", "nowhere: not a run folder"),
    ("grow nowhere --to 5M", "nowhere: not a run folder"),
    ("retrain nowhere", "nowhere: not a run folder"),
    ("retrain nowhere --from-weights", "--data"),
    ("retrain nowhere --epochs 0", "--data"),
    ("retrain nowhere --data demo", "--member"),
    ("retrain nowhere --epochs x", "--epochs", "'x'"),
    ("analyse nowhere", "nowhere: not a run folder"),
    ("analyse nowhere --member S0", "did you mean --members?"),
    ("analyse nowhere --arms scrach", "arms: 'scrach' is not known; did you mean scratch?"),
    ("analyse nowhere --rates 0.1,ten", "--rates", "'0.1,ten' is not a list of numbers"),
    ("analyse nowhere --rates 0", "rates: 0 is not a positive number"),
    ("analyse nowhere --epochs=-1", "epochs: -1 is not a positive number"),
    ("export nowhere", "nowhere: not a run folder"),
    ("quantise nowhere", "nowhere: not a run folder"),
    ("quantise nowhere --tun", "did you mean --tune?"),
    ("report nowhere", "nowhere: not a run folder"),
    ("report full", "full: not a run folder"),
    ("report nowhere --opn", "--opn"),
    # cost and space
    ("cost", "cost --list"),
    ("cost efficientnet_b9", "did you mean efficientnet_b7?"),
    ("cost resnet-50", "did you mean resnet50?"),
    ("cost resnet50 --stage", "did you mean --stages?"),
    ("cost efficientnet_b0 --resolution big", "--resolution", "'big'"),
    ("cost efficientnet_b0 --resolution 16", "16 is too small"),
    ("cost efficientnet_b0 --resolution -5", "-5 is not positive"),
    ("cost efficientnet_b0 --format yaml", "--format"),
    ("cost torn.yaml", "torn.yaml: not a JSON file"),
    ("cost list.yaml", "list.yaml"),
    ("cost full", "'full' is neither a known name nor a file"),
    ("space", "SPACE"),
    ("space scalnet", "did you mean scalenet?"),
    ("space torn.yaml", "torn.yaml: not valid YAML"),
    ("space list.yaml", "list.yaml: expected a mapping"),
    ("space full", "'full' is neither a known space nor a file"),
    ("space scalenet --sampler hierarchcal", "did you mean hierarchical?"),
    ("space scalenet --num-paths many", "--num-paths", "'many'"),
    ("space scalenet --num-paths 0", "--num-paths: 0 is not positive"),
    ("space scalenet --budgets 1M,2M,3M,4M,5M", "5 budgets, but the space has 4"),
    ("space small --budgets 1M,two", "'two'"),
    ("space small --budgets 2M,1M", "2M, 1M do not rise"),
]


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    (tmp_path / "file.txt").write_text("text")
    (tmp_path / "list.yaml").write_text("[1]")
    (tmp_path / "torn.yaml").write_text("a: [1\n")
    (tmp_path / "tiny_se.yaml").write_text(
        "format: 1\nlike: small\nname: tiny\n"
        "stages: [{depth: 1, widths: [16], expansions: [2], stride: 2, se: {ratio: 0.01}}]\n"
    )
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()


@pytest.mark.parametrize("line", WRONG, ids=lambda line: line[0])
def test_wrong_input(refused, line):
    refused(*line)


def test_no_command_shows_the_commands(escalade):
    ended = escalade()
    assert ended.code == 2
    assert "escalade demo" in ended.err
    assert "retrain" in ended.err


def test_debug_shows_the_traceback():
    from escalade.cli import main

    with pytest.raises(ValueError, match="did you mean scalenet"):
        main(["--debug", "space", "scalnet"])


@pytest.mark.parametrize(
    "command",
    [
        "",
        "demo",
        "plan",
        "run",
        "train",
        "search",
        "grow",
        "retrain",
        "analyse",
        "export",
        "report",
        "cost",
        "space",
    ],
)
def test_help(escalade, command):
    ended = escalade(*command.split(), "--help")
    assert ended.code == 0
    assert ended.out.startswith("usage: escalade")
    assert ended.err == ""


def test_version(escalade):
    from escalade import __version__

    assert escalade("--version").out == f"escalade {__version__}\n"


@pytest.mark.parametrize(
    "command", ["--help", "run --help", "cost regnet_y_4gf --stages", "cost --list", "bogus"]
)
def test_no_torch_where_none_is_needed(command):
    """What takes long to import is not imported, so help comes within half a second."""
    heavy = ["torch", "torchvision", "timm", "pymoo", "scipy", "plotly", "PIL", "jsonargparse"]
    program = (
        "import sys; from escalade.cli import main\n"
        f"try: main({command.split()})\n"
        "except SystemExit: pass\n"
        f"sys.exit(str([name for name in {heavy} if name in sys.modules]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.stderr.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_only_what_searches_a_front_needs_pymoo():
    program = (
        "import sys, escalade.api, escalade.search\n"
        "from escalade.search.front.front_search import NSGA2\n"
        "sys.exit(str('pymoo' in sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.stderr.splitlines()[-1] == "False"


@pytest.mark.parametrize("command", ["space scalenet --num-paths 100", "cache"])
def test_commands_that_need_no_torch_load_none(command):
    program = (
        "import sys; from escalade.cli import main\n"
        f"try: main({command.split()})\n"
        "except SystemExit: pass\n"
        "sys.exit(str('torch' in sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.stderr.splitlines()[-1] == "False"


def test_python_dash_m():
    ended = subprocess.run(
        [sys.executable, "-m", "escalade.cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("escalade ")


@pytest.mark.parametrize(("rank", "lines"), [("0", 1), ("1", 0)])
def test_what_is_no_work_for_several_ranks_the_first_one_does(escalade, monkeypatch, rank, lines):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", "2")
    done = escalade("cache")
    assert done.code == 0
    assert len(done.err.splitlines()) == lines
    assert "WORLD_SIZE" not in os.environ
