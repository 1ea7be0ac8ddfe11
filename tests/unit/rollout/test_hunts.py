"""Rollouts where controllers break, step by step, judged by the model."""

import pytest

from .hunts import FILES, HUNTS
from .model import Judged


@pytest.mark.parametrize("name", HUNTS)
def test_the_model_holds(simulated, tmp_path, name):
    HUNTS[name](Judged(simulated, tmp_path, FILES[name]))
