"""Variables and attributes of a SOFA file (AES69), checked for size, missing values and axes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from designer.errors import LayoutError

# Most values of one variable: 512 MiB.
_MOST_VALUES = 2**26
# Names of the dimensions in AES69.
_DIMENSIONS = frozenset("ICREMNS")


class SofaFile:
    """A SOFA file that is open for reading.

    Parameters
    ----------
    path : Path

    Raises
    ------
    LayoutError
        If it is no SOFA file.
    """

    def __init__(self, path: Path) -> None:
        # Imported here, because only measured layouts need it, and the import takes longer than a check.
        import netCDF4

        self.path = path
        try:
            self._data = netCDF4.Dataset(str(path))
        except (OSError, RuntimeError, UnicodeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise LayoutError(
                f"'{path}': cannot be read as SOFA: {reason}: allowed is a netCDF-4 file after AES69: export it again"
            ) from error
        if self.attribute("Conventions", "SOFA").lower() != "sofa" or not self.attribute("SOFAConventions"):
            self._data.close()
            raise self.error("no SOFA file: the attribute SOFAConventions is missing", "export it as SOFA (AES69)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._data.close()

    def error(self, what: str, remedy: str) -> LayoutError:
        """Return the error that names this file."""
        return LayoutError(f"'{self.path}': {what}: {remedy}")

    @property
    def convention(self) -> str:
        """Name of the SOFA convention."""
        return self.attribute("SOFAConventions")

    def attribute(self, name: str, default: str = "", of: str = "") -> str:
        """Text of an attribute of the file, or of the variable ``of``.  The default if it is missing."""
        owner = self._data.variables[of] if of else self._data
        return str(getattr(owner, name, default)).strip()

    def has(self, name: str) -> bool:
        """Whether the file has a variable with values."""
        return name in self._data.variables and self._data.variables[name].size > 0

    def size(self, dimension: str) -> int | None:
        """Size of a dimension of AES69, None if the file does not name it."""
        found = self._data.dimensions.get(dimension)
        return None if found is None else int(found.size)

    def axes(self, name: str) -> str | None:
        """Dimensions of a variable, such as ``MRN``.  None if the file does not name them as AES69 does."""
        names = self._data.variables[name].dimensions
        return "".join(names) if all(each in _DIMENSIONS for each in names) else None

    def array(self, name: str) -> NDArray[np.float64]:
        """Read a variable of numbers.

        Raises
        ------
        LayoutError
            If it is missing, too large, not numeric, or has missing values or values that are not finite.
        """
        if not self.has(name):
            raise self.error(f"{name} is missing, {self.convention} needs it", "export the file again")
        variable = self._data.variables[name]
        if variable.size > _MOST_VALUES:
            raise self.error(
                f"{name} has {variable.size} values, allowed are {_MOST_VALUES}", "use fewer directions or shorter ones"
            )
        try:
            values: Any = variable[...]
            plain = np.asarray(np.ma.getdata(values), dtype=np.float64)
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            raise self.error(f"{name} cannot be read: {error}", "the file is damaged, export it again") from error
        missing = np.ma.getmaskarray(values)
        if missing.any():
            raise self.error(
                f"{name} has no value at {_where(missing)} (the fill value stands there)",
                "write a finite value for each measurement",
            )
        if not np.all(np.isfinite(plain)):
            raise self.error(
                f"{name} is not finite at {_where(~np.isfinite(plain))}",
                "allowed are finite numbers, measure again or repair the file",
            )
        return plain

    def ordered(self, name: str, axes: Sequence[str]) -> NDArray[np.float64]:
        """Read a variable with its axes in the wanted order.

        Parameters
        ----------
        name : str
        axes : sequence of str
            One text for each wanted axis, with the names that it may have, such as ``("MI", "R", "N")``.

        Returns
        -------
        float64
            As many axes as ``axes`` has.

        Raises
        ------
        LayoutError
            If the variable has other axes.
        """
        values, names = self.array(name), self.axes(name)
        if names is None:
            names = "".join(allowed[0] for allowed in axes)
        order = []
        for allowed in axes:
            found = [place for place, each in enumerate(names) if each in allowed and place not in order]
            if not found:
                break
            order.append(found[0])
        if values.ndim != len(axes) or len(order) != len(axes):
            raise self.error(
                f"{name} has shape {values.shape} with the dimensions {names}, allowed are "
                f"{', '.join(' or '.join(allowed) for allowed in axes)}",
                "export it with the dimensions of AES69",
            )
        return values.transpose(order)


def _where(mask: NDArray[np.bool_]) -> str:
    first = ", ".join(str(int(place)) for place in np.argwhere(mask)[0])
    count = int(mask.sum())
    return f"[{first}]" + (f" and {count - 1} more" if count > 1 else "")
