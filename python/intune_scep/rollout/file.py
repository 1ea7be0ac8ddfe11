"""The rollout file (being moved)."""


def load_rollout(path: Path) -> RolloutFile:
    raise NotImplementedError
