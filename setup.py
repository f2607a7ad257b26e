"""Carry what is not Python into the wheel: `designer.resources` finds it there."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
RESOURCES = ("firmware", "layouts", "templates")


class BuildWithResources(build_py):
    """Copy the resource directories beside the package's modules, except in an editable install."""

    def run(self) -> None:
        """Build the modules, then add the resources."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "designer" / "_resources"
        shutil.rmtree(target, ignore_errors=True)
        for name in RESOURCES:
            shutil.copytree(ROOT / name, target / name)


setup(cmdclass={"build_py": BuildWithResources})
