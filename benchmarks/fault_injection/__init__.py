"""Faults while commands write: a full disk, a kill at each write, a clock that was set back, a killed worker."""
