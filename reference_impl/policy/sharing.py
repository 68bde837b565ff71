"""How many parts of a queue each of its workers takes: as even as whole numbers go."""


def fair_share(parts: int, workers: int) -> int:
    """The most that one worker holds, so that all parts are held and nobody has two more than another."""
    if parts < 1 or workers < 1:
        raise ValueError(f"need at least one part and one worker, got {parts} and {workers}")
    return -(-parts // workers)
