"""What processes tell each other over Redis reads back as it was, and what is none of it is named."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.adapters.redis.messages import Batch, Unreadable, decode, encode
from reference_impl.ports import Aggregate, Published, Stamps
from reference_impl.protocol.events import Event, EventKind
from tests.adapters.brokers import comment

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(0, 2**53)
times = st.floats(0, 1e9)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(texts, each, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(texts, values, max_size=3)
events = st.builds(
    Event, stream=texts, epoch=numbers, seq=numbers, kind=st.sampled_from(EventKind), id=texts, at_ms=numbers,
    data=objects, target=st.none() | texts,
)  # fmt: skip
published = st.builds(Published, events, st.none() | st.builds(Stamps, times, times, times))
messages = published | st.builds(Aggregate, texts, texts, objects)


@given(st.lists(messages, max_size=5), st.integers(1, 8))
def test_a_batch_reads_back_as_it_was(sent, channels):
    batch = Batch("a", sent, channels)
    assert decode(encode(batch)) == batch


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"7", b"[]", b"{}", b'{"v":2,"from":"a","channels":1,"messages":[]}', b'{"v":1,"from":"a"}'],
)
def test_what_is_no_batch_of_this_version_is_refused(payload):
    with pytest.raises(Unreadable):
        decode(payload)


@pytest.mark.parametrize(
    "broken",
    [{"kind": "of-tomorrow"}, {"seq": "x"}, {"seq": None}, {"stream": 1}, {"data": 3}, {"stamps": [1]}, {"id": None}],
)
def test_one_message_that_cannot_be_read_is_left_out_and_counted(broken):
    fields = orjson.loads(encode(Batch("a", [comment(1), comment(2)])))
    fields["messages"][0] |= broken
    batch = decode(orjson.dumps(fields))
    assert (batch.messages, batch.unreadable) == ([comment(2)], 1)


@given(st.binary(max_size=200))
def test_no_bytes_end_the_reader(payload):
    try:
        decode(payload)
    except Unreadable:
        return
    assert payload.startswith(b"{")
