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
        """Build the modules, then add the resources.

        An earlier build may have left modules that are called otherwise now.  They must not get into the wheel.
        """
        if self.editable_mode:
            super().run()
            return
        package = Path(self.build_lib) / "designer"
        shutil.rmtree(package, ignore_errors=True)
        super().run()
        for name in RESOURCES:
            shutil.copytree(ROOT / name, package / "_resources" / name)


setup(cmdclass={"build_py": BuildWithResources})
