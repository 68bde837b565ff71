"""The load generator's own accounting, which all counts of lost and doubled comments rest on."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.protocol.message import Message, gap, notice
from reference_impl.protocol.sse import chunk, sse_text
from simulation.engines.sse_client import Decoder, Piece, Tally, ViewerConnection, split_chunks


def _comments(*seqs):
    return "".join(sse_text(Message("comment", "{}", f"1:{seq}", seq)) for seq in seqs)


def _piece(*seqs, gaps=()):
    return Piece(seqs, gaps, consecutive=not gaps and list(seqs) == list(range(seqs[0], seqs[0] + len(seqs))))


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6), st.integers(0, 400))
def test_whole_chunks_come_off_the_front_and_the_rest_is_kept(texts, cut):
    stream = b"".join(map(chunk, texts))
    cut = min(cut, len(stream))
    body, rest = split_chunks(stream[:cut])
    more, nothing = split_chunks(rest + stream[cut:])
    assert body + more == "".join(texts).encode()
    assert nothing == b""


def test_a_decoder_reads_comments_gaps_and_passes_heartbeats_over():
    data = chunk(_comments(4, 5)) + chunk(sse_text(notice("heartbeat", {}))) + chunk(sse_text(gap(1, 6, 9, "slow")))
    piece, rest = Decoder().decode(data)
    assert (piece.seqs, piece.gaps, piece.consecutive, rest) == ((4, 5), (range(6, 10),), False, b"")


def test_the_same_bytes_are_read_once_and_answered_alike():
    decoder = Decoder()
    first, _ = decoder.decode(chunk(_comments(1, 2)))
    again, _ = decoder.decode(chunk(_comments(1, 2)))
    assert first is again


def test_a_gap_that_came_with_the_comments_behind_it_is_skipped_and_not_lost():
    tally = Tally(1)
    tally.take(Piece((1, 5), (range(2, 5),), consecutive=False))
    assert (tally.delivered, tally.skipped, tally.lost(5)) == (2, 3, 0)


def test_a_viewer_that_gets_everything_has_no_faults():
    tally = Tally(1)
    for piece in (_piece(1, 2), _piece(3), _piece(4, 5, 6)):
        tally.take(piece)
    assert (tally.delivered, tally.duplicated, tally.reordered, tally.lost(6)) == (6, 0, 0, 0)


def test_a_missing_comment_is_lost_and_a_late_one_is_reordered():
    tally = Tally(1)
    for piece in (_piece(1), _piece(4), _piece(3)):
        tally.take(piece)
    assert (tally.delivered, tally.reordered, tally.lost(4)) == (3, 1, 1)


def test_the_end_that_never_came_is_lost():
    tally = Tally(1)
    tally.take(_piece(1, 2))
    assert tally.lost(5) == 3


def test_a_repeated_comment_is_duplicated_and_not_delivered_again():
    tally = Tally(1)
    for piece in (_piece(1, 2), _piece(2)):
        tally.take(piece)
    assert (tally.delivered, tally.duplicated) == (2, 1)


def test_an_announced_gap_is_skipped_not_lost():
    tally = Tally(1)
    for piece in (_piece(1), Piece((), (range(2, 5),), False), _piece(5)):
        tally.take(piece)
    assert (tally.delivered, tally.skipped, tally.lost(5)) == (2, 3, 0)


def test_a_gap_is_skipped_where_it_stands_in_its_piece():
    tally = Tally(1)
    tally.take(_piece(1, 5, 6, 8, gaps=(range(2, 5), range(7, 8))))
    assert (tally.delivered, tally.skipped, tally.reordered, tally.lost(8)) == (4, 4, 0, 0)


def test_what_is_missing_before_a_gap_is_lost():
    tally = Tally(1)
    for piece in (_piece(1), Piece((), (range(3, 5),), False)):
        tally.take(piece)
    assert (tally.skipped, tally.lost(4)) == (2, 1)


@given(st.permutations(range(1, 9)), st.sets(st.integers(1, 8)))
def test_delivered_and_lost_add_up_whatever_the_order(order, dropped):
    tally = Tally(1)
    for seq in order:
        if seq not in dropped:
            tally.take(_piece(seq))
    assert tally.delivered + tally.lost(8) == 8
    assert tally.lost(8) == len(dropped)


def test_nonsense_instead_of_a_chunk_is_an_error():
    with pytest.raises(ValueError, match="invalid literal"):
        split_chunks(b"zz\r\nhello\r\n")


class Wire(asyncio.Transport):
    """Takes what is written."""

    def __init__(self):
        super().__init__()
        self.aborted = False

    def write(self, data):
        pass

    def abort(self):
        self.aborted = True


def refused(*pieces):
    connection, wire = ViewerConnection(b"", Decoder(), lambda _: None, lambda: None, lambda _: None), Wire()
    connection.connection_made(wire)
    for piece in pieces:
        assert not wire.aborted
        connection.data_received(piece)
    assert wire.aborted
    return connection.away_s


BODY = b'{"status": 503, "retry_after_s": 2.5}'
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


@given(st.integers(1, len(REFUSAL) - 1))
def test_a_refusal_says_for_how_long_it_wants_to_be_left_alone_in_however_many_pieces(cut):
    assert refused(REFUSAL[:cut], REFUSAL[cut:]) == 2.5


def test_a_refusal_in_words_of_somebody_else_says_nothing_of_that():
    assert refused(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops") == 0.0
    assert refused(b"HTTP/1.1 502 Bad Gateway\r\n\r\n") == 0.0
