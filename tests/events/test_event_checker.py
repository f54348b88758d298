"""The checker finds each kind of wrong there is, in journals made up by hand."""

import pytest

from event_checker import Asked, Came, Event, EventChecker, Stream, parse_cursor, read_streams


def at(sequence):
    return parse_cursor(f"0-{sequence}-0")


def task(sequence):
    """Odd places are of one task, even ones of another."""
    return "odd" if sequence % 2 else "even"


def came(time, sequence):
    return Came(time, at(sequence), task(sequence))


def world():
    """Eight events. Two consumers share 1 to 4; the service is killed before 3 is acknowledged, and a
    third takes the rest."""
    log = [Event(at(i), task(i)) for i in range(1, 9)]
    odd = Stream(100, "odd", at(0), 110, [came(120, 1), came(150, 3)], [Asked(130, at(1), 140, at(1)), Asked(160, at(3))])
    even = Stream(101, "even", at(0), 111, [came(121, 2), came(151, 4)], [Asked(131, at(2), 145, at(2)), Asked(161, at(4), 165, at(2))])
    third = Stream(300, "third", at(2), 310, [came(320 + i, i) for i in range(3, 9)],
                   [Asked(340, at(5), 350, at(5)), Asked(360, at(8), 370, at(8))])
    return log, [odd, even, third], [(200, 205)]


def violations(log, streams, kills):
    return {each.split(":")[0] for each in EventChecker(log, streams, kills).check().violations}


def test_a_good_run_has_no_violations():
    verdict = EventChecker(*world()).check()
    assert verdict.violations == []
    assert verdict.counts["events"] == 8
    assert verdict.counts["deliveries"] == 10
    assert verdict.counts["redeliveries"] == 2


def test_a_late_reader_of_a_call_that_is_over_is_no_violation():
    log, streams, kills = world()
    streams.append(Stream(102, "late", at(0), 112, [came(400, 7)]))
    assert violations(log, streams, kills) == set()


def an_event_never_came(log, streams, kills):
    del streams[2].events[5]
    streams[2].asked[1] = Asked(360, at(7), 370, at(7))


def an_event_came_that_does_not_match(log, streams, kills):
    streams[2].events.insert(2, Came(322, parse_cursor("0-4-1"), "even"))


def an_event_came_of_another_task(log, streams, kills):
    streams[2].events[5] = Came(328, at(8), "odd")


def a_task_came_out_of_order(log, streams, kills):
    events = streams[2].events
    events[2], events[4] = events[2]._replace(cursor=at(7)), events[4]._replace(cursor=at(5))


def an_event_came_twice_in_a_call(log, streams, kills):
    streams[2].events.append(came(330, 8))


def a_task_was_overtaken(log, streams, kills):
    streams.append(Stream(301, "other", at(2), 311, [came(319, 7)]))


def what_was_answered_came_again(log, streams, kills):
    streams.append(Stream(400, "other", at(8), 410, [came(420, 8)]))


def what_another_acknowledged_came_again(log, streams, kills):
    # 4 lies beyond the mark, but nobody was killed since.
    streams.append(Stream(170, "other", at(2), 171, [came(180, 4)]))


def what_another_acknowledged_came_to_a_call_that_was_there(log, streams, kills):
    streams[0].events.append(came(170, 4))
    streams[0].asked.append(Asked(175, at(4), 180, at(2)))


def it_went_back(log, streams, kills):
    streams.append(Stream(400, "other", at(5), 410))


def it_started_behind_what_nobody_acknowledged(log, streams, kills):
    streams[2].start = at(6)


def a_mark_lies_behind_what_nobody_acknowledged(log, streams, kills):
    streams[2].asked[0] = Asked(340, at(5), 350, at(7))


def a_task_was_shared(log, streams, kills):
    # 3 is held by the first when the second is brought 7.
    streams[0].asked[1] = Asked(190, at(3), 195, at(3))
    streams[1].events.append(came(170, 5))
    streams[1].asked.append(Asked(175, at(5), 180, at(2)))


@pytest.mark.parametrize("spoil, found", [
    (an_event_never_came, "missing"),
    (an_event_came_that_does_not_match, "inventions"),
    (an_event_came_of_another_task, "inventions"),
    (a_task_came_out_of_order, "wrong order"),
    (an_event_came_twice_in_a_call, "wrong order"),
    (a_task_was_overtaken, "overtaken"),
    (what_was_answered_came_again, "came again"),
    (what_another_acknowledged_came_again, "came again"),
    (what_another_acknowledged_came_to_a_call_that_was_there, "came again"),
    (it_went_back, "went back"),
    (it_started_behind_what_nobody_acknowledged, "gap"),
    (a_mark_lies_behind_what_nobody_acknowledged, "gap"),
    (a_task_was_shared, "shared"),
])
def test_it_finds(spoil, found):
    log, streams, kills = world()
    spoil(log, streams, kills)
    assert found in violations(log, streams, kills)


def test_it_reads_what_a_consumer_wrote(tmp_path):
    journal = tmp_path / "consumer.log"
    journal.write_text("5 B\n6 S c-1 0-3\n7 E 0-4-1 T\n8 A 0-4-1\n9 K 0-4-1 0-4-1\n"
                       "10 X 14 gone\n11 B\n12 S c-2 0-4-1\n13 E 0-5-0 -\n14 A 0-5-0\n15 N 0-5-0 10\n16 E 0-6")
    first, second = read_streams([journal])
    assert first == Stream(5, "consumer.log", parse_cursor("0-3"), 6, [Came(7, (4, 1, 0), "T")],
                           [Asked(8, (4, 1, 0), 9, (4, 1, 0))])
    assert second.events == [Came(13, (5, 0, 0), "-")]
    assert second.asked == [Asked(14, (5, 0, 0))]
