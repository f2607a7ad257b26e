"""A sweep on this machine's cores and on a cluster of Dask: the same rows."""

import pytest
from distributed import LocalCluster

from designer.layout.shipped import find_layout
from designer.sweep.plan import parse_axis, plan_points
from designer.sweep.run import run_sweep

MIRRORED = "driver.left.azimuth_deg,-driver.right.azimuth_deg"


def test_cores_and_cluster_give_the_same_rows(tmp_path):
    points = plan_points(find_layout("pair2"), [parse_axis(f"{MIRRORED}=24,26")])
    here = run_sweep(points, tmp_path / "here")
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path / "dask"
    ) as cluster:
        there = run_sweep(points, tmp_path / "there", scheduler=cluster.scheduler_address)
    cores = run_sweep(points, tmp_path / "cores", jobs=2)
    for rows in (there, cores):
        for mine, expected in zip(rows, here, strict=True):
            assert list(mine) == list(expected)
            # Figures have three decimals; the order of sums differs with the number of threads, so one may tip over.
            for name, value in expected.items():
                same = pytest.approx(value, rel=1e-6, abs=1.5e-3) if isinstance(value, float) else value
                assert mine[name] == same, name
