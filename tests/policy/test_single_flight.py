"""Who asks, and who waits for one who has asked the same."""

from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.single_flight import Flights


def test_whoever_comes_while_it_is_under_way_joins_and_the_next_one_departs_anew() -> None:
    flights: Flights[str] = Flights()
    assert flights.join("k") is None
    flights.depart("k", "first")
    assert flights.join("k") == "first"
    assert flights.join("other") is None
    flights.land("k", "first")
    assert "k" not in flights
    assert flights.join("k") is None
    assert (flights.departed, flights.joined) == (1, 1)


def test_unshared_everybody_flies_and_all_are_known() -> None:
    flights: Flights[int] = Flights(shared=False)
    for number in range(3):
        assert flights.join("k") is None
        flights.depart("k", number)
    assert flights.all == [0, 1, 2]
    flights.land("k", 1)
    assert flights.all == [0, 2]
    assert "k" in flights


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans())))
def test_there_is_never_more_than_one_of_a_question(steps: list[tuple[str, bool]]) -> None:
    flights: Flights[int] = Flights()
    for number, (key, lands) in enumerate(steps):
        flight = flights.join(key)
        if flight is None:
            flights.depart(key, number)
        elif lands:
            flights.land(key, flight)
        assert len(flights) <= 2
        assert len(flights.all) == len(set(flights.all)) == len(flights)
    assert flights.departed + flights.joined == len(steps)
