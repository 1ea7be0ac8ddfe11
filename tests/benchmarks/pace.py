"""Sessions that wait for nobody, so that what is measured is work."""

from intune_scep.graph.pacing import Pacer

BOUNDLESS = 1_000_000


def unpaced():
    return Pacer(writes=BOUNDLESS, requests=BOUNDLESS)
