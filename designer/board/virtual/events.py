"""Virtual time: an event queue in whole femtoseconds, so that nothing rounds and every run is the same."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

# Femtoseconds in a second: a period of 168 MHz is then exact to 2 parts in 10^7, and sums do not round at all.
SECOND = 10**15


@dataclass(order=True)
class Event:
    """One call at a time; calls of equal times keep the order in which they were scheduled."""

    time: int
    order: int
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


class EventQueue:
    """Calls that are due at a virtual time."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._order = 0

    def at(self, time: int, action: Callable[[], None]) -> Event:
        """Schedule a call at a time in femtoseconds; its `cancelled` may be set to withdraw it."""
        self._order += 1
        event = Event(time, self._order, action)
        heapq.heappush(self._events, event)
        return event

    def next_time(self) -> int | None:
        """Time of the first event that is not withdrawn, or None."""
        while self._events and self._events[0].cancelled:
            heapq.heappop(self._events)
        return self._events[0].time if self._events else None

    def take_due(self, now: int) -> Event | None:
        """Remove and return the first event at or before `now`, or None."""
        due = self.next_time()
        return heapq.heappop(self._events) if due is not None and due <= now else None

    def clear(self) -> None:
        """Forget every event."""
        self._events.clear()
