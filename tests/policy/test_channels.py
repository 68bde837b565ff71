"""A hot stream is spread over more channels once everybody can know of them, and over fewer when it is calm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.channels import Channels, ChannelsConfig, Place

CONFIG = ChannelsConfig(channel_per_s=10, channels_max=4, announce_s=1.0, calm_s=5.0)


def places(channels, per_s, first_s, last_s, stream="s"):
    """Where a steady stream's messages go."""
    count = round((last_s - first_s) * per_s)
    return [channels.place(stream, first_s + number / per_s) for number in range(count)]


def test_a_stream_has_one_channel_at_first():
    assert set(places(Channels(CONFIG), 9, 0, 10)) == {Place(0, 1)}


def test_more_channels_are_announced_before_they_are_used():
    channels = Channels(CONFIG)
    told = places(channels, 30, 0, 10)
    announced = next(number for number, place in enumerate(told) if place.channels > 1)
    used = next(number for number, place in enumerate(told) if place.channel > 0)
    assert used - announced >= CONFIG.announce_s * 30 - 1
    assert {place.channel for place in told[used:]} == {0, 1, 2}


def test_there_are_never_more_than_allowed():
    told = places(Channels(CONFIG), 500, 0, 5)
    assert max(place.channels for place in told) == 4


def test_a_calm_stream_goes_back_to_one_channel_after_a_while():
    channels = Channels(CONFIG)
    places(channels, 30, 0, 5)
    assert {place.channels for place in places(channels, 5, 5, 9)} == {3}
    assert set(places(channels, 5, 15, 20)) == {Place(0, 1)}


def test_each_stream_is_measured_by_itself():
    channels = Channels(CONFIG)
    places(channels, 30, 0, 5)
    assert channels.place("other", 5.0) == Place(0, 1)


def test_streams_beyond_the_bound_are_measured_anew():
    channels = Channels(ChannelsConfig(channel_per_s=10, streams_max=1))
    places(channels, 30, 0, 5)
    channels.place("other", 5.0)
    assert channels.place("s", 5.0) == Place(0, 1)


@given(st.lists(st.floats(0, 2), max_size=200))
def test_nothing_is_placed_beyond_what_has_been_announced(steps):
    channels, now = Channels(CONFIG), 0.0
    for step in steps:
        now += step / 20
        place = channels.place("s", now)
        assert 0 <= place.channel < place.channels <= CONFIG.channels_max


@pytest.mark.parametrize("wrong", [{"channel_per_s": 0}, {"channels_max": 0}, {"window_s": 0}, {"announce_s": -1}])
def test_a_configuration_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ChannelsConfig(**wrong)
