"""What can be wrong with the files that a compliance run is given."""

from intune_scep.errors import IntuneScepError


class BaselineError(IntuneScepError):
    """A baseline cannot be used or written."""


class PolicyError(IntuneScepError):
    """A policy file cannot be used."""


class SourceError(IntuneScepError):
    """A directory or file that should stand for a tenant cannot be used."""
