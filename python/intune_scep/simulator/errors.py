"""What the simulator says when it cannot be opened, seeded or served."""


class SimulatorError(Exception):
    """A mistake in how the simulator is used, in one line.

    Errors of simulated Graph calls are responses, never exceptions.
    """

    exit_code = 1
