"""What is in contexts and results arrives as it left, whatever it is and however long."""

import json

from outcome import check, check_equal
from protocol import parse_json, pb
from scenario import World, scenario


def _echoed(stream, context: bytes):
    """What the step had in its context, as it came back, parsed without loss."""
    result = stream.run("Echo", context)
    check(result.HasField("success"), f"the step failed: {result.failure.error_class}: {result.failure.message}")
    return parse_json(result.success.results)["context"]


def _same(actual, wanted, where: str = "context") -> None:
    """Equal in value and in kind: 1 is not 1.0, and a number is no text."""
    check(type(actual) is type(wanted), f"{where}: {actual!r} is of another kind than {wanted!r}")
    if isinstance(wanted, dict):
        check_equal(set(actual), set(wanted), f"keys of {where}")
        for key in wanted:
            _same(actual[key], wanted[key], f"{where}.{key}")
    elif isinstance(wanted, list):
        check_equal(len(actual), len(wanted), f"length of {where}")
        for number, each in enumerate(wanted):
            _same(actual[number], each, f"{where}[{number}]")
    else:
        check_equal(actual, wanted, where)


@scenario
def integers_of_64_bits(world: World) -> None:
    """Integers of 64 bits, signed and unsigned, come back to the last digit, at any depth."""
    _, _, stream = world.connect()
    numbers = [0, -1, 9007199254740991, 9007199254740992, 9007199254740993, -9007199254740993, 9223372036854775807,
               -9223372036854775808, 18446744073709551615]
    context = {"list": numbers, "deep": {"er": [{"n": number} for number in numbers]},
               **{f"n{place}": number for place, number in enumerate(numbers)}}
    _same(_echoed(stream, json.dumps(context).encode()), context)


@scenario
def integers_in_settings_and_results(world: World) -> None:
    """Also those in the settings, an item, a checkpoint and earlier results."""
    _, _, stream = world.connect()
    large = b'{"n": 18446744073709551615}'
    result = stream.run("Echo", handler_config=large, item=large, item_index=0, checkpoint=large,
                        dependencies=[pb.DependencyResults(step_name="before", results=large)])
    check(result.HasField("success"), f"the step failed: {result.failure.message}")
    told = parse_json(result.success.results)
    for name, value in (("config", told["config"]), ("item", told["item"]), ("checkpoint", told["checkpoint"]),
                        ("previous", told["previous"]["before"])):
        _same(value, {"n": 18446744073709551615}, name)


@scenario
def fractions_exact(world: World) -> None:
    """Floating-point numbers come back as the same double."""
    _, _, stream = world.connect()
    numbers = [0.1, -0.1, 1e-7, 1.7976931348623157e308, 5e-324, 123456.789, 2.2250738585072014e-308, 0.30000000000000004]
    told = _echoed(stream, json.dumps({"list": numbers}).encode())
    check_equal(told["list"], numbers, "numbers")


@scenario
def unicode_intact(world: World) -> None:
    """Text comes back as it was: astral planes, NUL, right-to-left, combining marks, also in keys."""
    _, _, stream = world.connect()
    texts = ["\U0001f600\U00010348\U0010ffff", "a\x00b", "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
             "e\u0301 \u00e9", "\u2028\u2029\ufeff\ufffe", "\x01\x1f\x7f\x80\x9f", '"\\/\b\f\n\r\t', "\u200d\U0001f468\u200d\U0001f469"]
    context = {"texts": texts, "keys": {text: place for place, text in enumerate(texts)}}
    _same(_echoed(stream, json.dumps(context, ensure_ascii=False).encode()), context)
    # The same, with every character beyond ASCII written as an escape.
    _same(_echoed(stream, json.dumps(context).encode()), context)


@scenario
def unicode_in_names(world: World) -> None:
    """Names of steps and messages of failures too."""
    _, _, stream = world.connect()
    message = "\u4ed8\u6b3e\u5931\u8d25 \U0001f4b3"
    result = stream.run("Fail", {"fail": {"kind": "permanent", "message": message}}, step_name="\u652f\u4ed8")
    check_equal(result.failure.message, message, "message")


@scenario
def odd_values_intact(world: World) -> None:
    """Empty and nested values, null and flags come back as they were."""
    _, _, stream = world.connect()
    context = {"": "", "null": None, "no": False, "yes": True, "empty": [{}, [], ""], "nested": [[[[]]]],
               "__proto__": {"polluted": True}, "constructor": 1, "toString": "x", "json_class": "String",
               "__class__": "dict", "^o": "Object", "length": 5}
    _same(_echoed(stream, json.dumps(context).encode()), context)


@scenario
def deep_json(world: World) -> None:
    """A context of 200 levels is taken."""
    _, _, stream = world.connect()
    value = None
    for _ in range(200):
        value = [value]
    _same(_echoed(stream, json.dumps({"deep": value}).encode()), {"deep": value})


@scenario
def huge_payload_in(world: World) -> None:
    """A context of 8 MiB arrives, and comes back."""
    _, _, stream = world.connect()
    text = "0123456789abcdef" * (8 << 16)
    check_equal(_echoed(stream, json.dumps({"text": text}).encode()) == {"text": text}, True, "context came back")


@scenario
def huge_payload_out(world: World) -> None:
    """Results of 8 MiB leave, and other steps go on beside them."""
    _, _, stream = world.connect()
    tokens = [stream.assign("Large", {"bytes": 8 << 20}), stream.assign("Echo")]
    for token in tokens:
        check(stream.finish(token).HasField("success"), "a step failed")
    check_equal(len(parse_json(stream.results[tokens[0]].success.results)["data"]), 8 << 20, "bytes")


@scenario
def huge_frame_of_assignments(world: World) -> None:
    """A frame of 16 MiB in four assignments is taken."""
    _, _, stream = world.connect()
    context = json.dumps({"text": "x" * (4 << 20)}).encode()
    assignments = [stream.assignment("Hold", context[:-1] + b', "journal": "%s", "gate": "%s"}' % (
        str(world.folder / "journal").encode(), str(world.folder).encode())) for _ in range(4)]
    stream.hand_out(*assignments)
    for each in assignments:
        check(stream.finish(each.token).HasField("success"), "a step failed")


@scenario
def results_over_the_limit(world: World) -> None:
    """Results over payload_bytes_max fail for good, as Tasker::InvalidResults, with size and limit."""
    _, _, stream = world.connect(payload_bytes_max=10_000)
    result = stream.run("Large", {"bytes": 20_000})
    check(result.HasField("failure"), "it was sent")
    check_equal(result.failure.error_class, "Tasker::InvalidResults", "error_class")
    check(result.failure.HasField("retryable") and not result.failure.retryable, "the failure is retryable")
    digits = "".join(each for each in result.failure.message if each.isdigit() or each == " ").split()
    check(any(10_000 == int(each) for each in digits), f"the limit is not in the message {result.failure.message!r}")
    check(any(20_000 <= int(each) <= 20_100 for each in digits), f"the size is not in it: {result.failure.message!r}")
    # Exactly as long as allowed is fine.
    overhead = len(stream.run("Large", {"bytes": 1000}).success.results) - 1000
    check(stream.run("Large", {"bytes": 10_000 - overhead}).HasField("success"), "what is exactly at the limit failed")
    check(stream.run("Large", {"bytes": 10_001 - overhead}).HasField("failure"), "one byte more was sent")


@scenario
def unserializable_results(world: World) -> None:
    """Results that JSON cannot hold fail for good."""
    _, _, stream = world.connect()
    result = stream.run("Unserializable")
    check(result.HasField("failure"), "it was sent")
    check(result.failure.HasField("retryable") and not result.failure.retryable, "the failure is retryable")
    check_equal(result.failure.error_class, "Tasker::InvalidResults", "error_class")
    stream.check_alive()
