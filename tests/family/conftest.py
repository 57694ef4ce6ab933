from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_members import packaged, patches, tiny, trained
from torch import Tensor, nn

from escalade.data.image_data import ImageData
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.family.packaging import package
from escalade.family.trainings.making import Workplace
from escalade.train.runtime import Runtime


@pytest.fixture(scope="session")
def network() -> nn.Module:
    return trained(tiny())


@pytest.fixture(scope="session")
def images() -> Tensor:
    return torch.randn(9, 1, 12, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def member(tmp_path: Path, network: nn.Module) -> Path:
    package.write(tmp_path / "S0", package=packaged(tiny()), state=network.state_dict())
    return tmp_path / "S0"


@pytest.fixture(scope="session")
def data() -> ImageData:
    return patches()


@pytest.fixture
def runtime() -> Runtime:
    return Runtime(device="cpu", is_alone=True)


@pytest.fixture
def place(data: ImageData, runtime: Runtime) -> Workplace:
    settings = EvaluationSettings(num_recalibration=64, recalibration_batch=32)
    return Workplace(data=data, runtime=runtime, settings=settings)
