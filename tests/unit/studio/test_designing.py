"""The process that designs: newer jobs end older ones, and it is started again if it ends."""

import asyncio
import os
import signal

import pytest

from designer.design.build import build_design
from designer.layout.load import parse_layout
from designer.layout.shipped import shipped_layouts
from designer.studio.designing import DesignProcess

TEXT = shipped_layouts()["pair2"].read_text()


def run(scenario):
    """Run a scenario with a process and what has arrived from it."""

    async def main():
        arrived, changed = [], asyncio.Event()

        def take(fields, payload):
            arrived.append((fields, payload))
            changed.set()

        async def until(condition):
            while not any(condition(fields) for fields, _ in arrived):
                changed.clear()
                await changed.wait()

        process = DesignProcess(take)
        try:
            await scenario(process, arrived, until)
        finally:
            process.close()

    asyncio.run(main())


def is_done(fields):
    return bool(fields.get("done"))


def test_steps_arrive_in_order_with_the_design_of_the_text(tmp_path):
    async def scenario(process, arrived, until):
        job = process.begin(TEXT, str(tmp_path), str(tmp_path))
        await until(is_done)
        assert [fields.get("step") for fields, _ in arrived] == [0, 1, 2, None]
        assert {fields["job"] for fields, _ in arrived} == {job}
        assert arrived[1][0]["digest"] == build_design(parse_layout(TEXT)).digest

    run(scenario)


def test_a_newer_job_ends_an_older_one(tmp_path):
    async def scenario(process, arrived, until):
        process.begin(TEXT, str(tmp_path), str(tmp_path))
        await until(lambda fields: fields.get("step") == 0)
        newer = process.begin(TEXT, str(tmp_path), str(tmp_path))
        begun = len(arrived)
        await until(is_done)
        assert {fields["job"] for fields, _ in arrived[begun:]} == {newer}

    run(scenario)


def test_an_infeasible_layout_says_why(tmp_path):
    text = TEXT.replace("[cabinet]", "[output]\npeak_gain_db = -20\n\n[cabinet]").replace('"q31"', '"q15"')

    async def scenario(process, arrived, until):
        process.begin(text, str(tmp_path), str(tmp_path))
        await until(is_done)
        assert any("peak_gain_db" in fields.get("error", "") for fields, _ in arrived)

    run(scenario)


@pytest.mark.parametrize("at", [0, 1])
def test_a_process_that_ended_is_started_again(tmp_path, at):
    async def scenario(process, arrived, until):
        process.begin(TEXT, str(tmp_path), str(tmp_path))
        if at:
            await until(lambda fields: fields.get("step") == 0)
        first = process.pid
        os.kill(first, signal.SIGKILL)
        await until(is_done)
        assert process.pid != first
        assert any(fields.get("step") == 2 for fields, _ in arrived)

    run(scenario)


def test_a_slow_step_waits_until_it_is_wanted(tmp_path):
    async def scenario(process, arrived, until):
        process.begin(TEXT, str(tmp_path), str(tmp_path))
        await until(is_done)
        process.more(3)
        await until(lambda fields: fields.get("step") == 3)
        assert [fields.get("step") for fields, _ in arrived if "step" in fields] == [0, 1, 2, 3]
        assert any(fields.get("running") for fields, _ in arrived)

    run(scenario)
