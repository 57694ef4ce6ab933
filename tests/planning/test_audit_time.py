"""What an audit says before it trains."""

from __future__ import annotations

from escalade.artefacts.ledger import Ledger, LedgerEntry
from escalade.planning.audit_time import AuditTrainings, audit_in_words


def trainings(member: str, num: int, num_steps: int) -> AuditTrainings:
    return AuditTrainings(member=member, num=num, num_steps=num_steps, num_images=10 * num_steps)


def ledger(**seconds: float) -> Ledger:
    """Of trainings of a thousand images each."""
    return Ledger(
        tuple(
            LedgerEntry(
                stage="retrain", name=name.replace("_", "-"), device_seconds=value, images=1000
            )
            for name, value in seconds.items()
        )
    )


WAITING = (trainings("S0", 3, 1200), trainings("S1", 4, 800))


def test_trainings_are_counted_by_their_steps() -> None:
    told = audit_in_words(WAITING, ledger=Ledger(), at_a_time=1)
    assert told == "7 trainings: 3 of 1,200 steps, 4 of 800 steps"
    alike = (trainings("S0", 3, 1200), trainings("S1", 4, 1200))
    told = audit_in_words(alike, ledger=Ledger(), at_a_time=1)
    assert told == "7 trainings: 7 of 1,200 steps"


def test_the_runs_own_trainings_say_how_long() -> None:
    """The slowest of a budget counts: 3 * 12,000 images at 4 s a thousand, 4 * 8,000 at 9 s."""
    known = ledger(S0_scratch=4.0, S0_plain_scratch=2.0, S1_in_turn=9.0, S10_scratch=900.0)
    told = audit_in_words(WAITING, ledger=known, at_a_time=2)
    assert told.endswith("; about 4 min, as this run's own trainings went")  # 216 s


def test_where_a_budget_was_never_trained_nothing_is_said_of_time() -> None:
    assert "about" not in audit_in_words(WAITING, ledger=ledger(S0_scratch=4.0), at_a_time=1)


def test_what_is_done_needs_no_words() -> None:
    assert audit_in_words([trainings("S0", 0, 9)], ledger=Ledger(), at_a_time=1) == ""
    left = audit_in_words(
        [trainings("S0", 0, 9), trainings("S1", 2, 9)], ledger=ledger(S1=30.0), at_a_time=1
    )
    assert left.startswith("2 trainings: 2 of 9 steps; about 5.4 s")
