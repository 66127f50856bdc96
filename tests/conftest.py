"""What all tests share: where the real data are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.append(str(Path(__file__).parent))  # studies that several folders of tests write
sys.path.append(str(Path(__file__).parent / "execution"))  # what tests give to other processes to do

# The same cases at every run: a check that fails must fail again. HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of the real data sets; skips where they are not."""
    place = Path(os.environ.get("COMMENSAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (place / "jacobs2016").is_dir():
        pytest.skip(f"real data not found (looked at {place}; set COMMENSAL_DATA)")
    return place


@pytest.fixture(scope="module")  # an idle scheduler ends by itself
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Scheduler file of a Dask cluster of two worker processes on loopback; skips where Dask is not installed."""
    pytest.importorskip("distributed")
    import loopback

    with loopback.cluster(tmp_path_factory.mktemp("dask")) as file:
        yield file
