"""What a program uses from its beginning to its end: seconds, CPU seconds and KiB resident at most."""

import resource
import sys
import time

_used = resource.getrusage(resource.RUSAGE_SELF)
_began = time.monotonic()


def begin() -> None:
    """Starts to count; starting Python and importing libraries are not counted."""
    global _used, _began
    _used, _began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()


def end() -> None:
    took, used = time.monotonic() - _began, resource.getrusage(resource.RUSAGE_SELF)
    print(took, used.ru_utime + used.ru_stime - _used.ru_utime - _used.ru_stime, peak(used))


def peak(used: resource.struct_rusage) -> int:
    if sys.platform == "darwin":
        return used.ru_maxrss // 1024
    with open("/proc/self/status", encoding="ascii") as status:  # ru_maxrss is at least what the parent had
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


