"""The rules of the handler protocol, held against every frame of one handler over all of its streams.

Pure: told of frames by whoever carries them, with a clock that is handed in. A breach is written down
as `rule: what happened`, never raised: a script goes on, and fails in the end. What cannot be decided
because a frame may still have been on its way counts as right. One lock: may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from typing import Callable, Dict, List, Optional, Set

from frame_checks import FrameChecks, used_features
from protocol import pb, seconds

# How many of its intervals a sign of life may be late, and how much more on a busy machine.
LATE_INTERVALS = 5
LATE_S = 3.0
# The same on a stream that was not read for a while: signs of life lie behind megabytes then.
LATE_BEHIND_BACKLOG_S = 20.0
# A handler may already have put together a heartbeat when it learned that an attempt had ended.
FORGET_S = 3.0


class Attempt:
    """What is known of one assignment."""

    def __init__(self, token: bytes, stream: "StreamRules", frame: int, now: float):
        self.token = token
        # The stream that it was last on, and the engine's frame there that handed it out.
        self.stream, self.frame = stream, frame
        self.confirmed = False
        self.result: Optional[bytes] = None
        # Whether the engine said that it is over, in which of its frames, and when.
        self.ended: Optional[str] = None
        self.ended_on: Optional[StreamRules] = None
        self.ended_frame = 0
        self.ended_at = 0.0
        self.last_sign = now
        self.beat_s: Optional[float] = None

    def end(self, how: str, stream: "StreamRules", now: float) -> None:
        if self.ended is None:
            self.ended, self.ended_on, self.ended_frame, self.ended_at = how, stream, stream.frames_sent, now

    def __str__(self) -> str:
        return self.token.hex()[:12] or "(empty token)"


class Rules:
    """Those of one handler process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.lock = threading.RLock()
        self.breaches: List[str] = []
        self.attempts: Dict[bytes, Attempt] = {}
        self.streams: List[StreamRules] = []
        self.instance_id: Optional[str] = None

    def breach(self, rule: str, what: str) -> None:
        text = f"{rule}: {what}"
        if text not in self.breaches:
            self.breaches.append(text)

    def open_stream(self) -> "StreamRules":
        with self.lock:
            alive = [stream for stream in self.streams if stream.registered is not None and not stream.over]
            if alive:
                self.breach("one-stream", "a second stream was opened while the first was alive")
            stream = StreamRules(self)
            self.streams.append(stream)
            return stream

    def check_now(self) -> None:
        """What is due by now and not there."""
        with self.lock:
            for stream in self.streams:
                stream.check_signs_of_life()


class StreamRules:
    """Those of one stream. The engine tells of each frame before it sends it, and after it came."""

    def __init__(self, rules: Rules):
        self.rules = rules
        self.register: Optional[pb.Register] = None
        self.registered: Optional[pb.Registered] = None
        self.over = False
        self.reading = True
        self.was_unread = False
        self.frames_sent = 0
        # The engine's newest frame that the handler is known to have taken.
        self.frame_seen = 0
        self.credits: Optional[int] = None
        self.held_at_registration = 0
        # Attempts that gave back what they took: a result was sent, or they were superseded.
        self.given_back: Set[bytes] = set()
        self.results_sent: Set[bytes] = set()
        self.handler_drains = False
        self.engine_drains = False
        self._drained_in_earlier_frame = False

    # What the engine sends.

    def sent(self, message: pb.ConnectResponse) -> None:
        with self.rules.lock:
            now = self.rules.clock()
            self.frames_sent += 1
            if message.HasField("registered"):
                self.registered = pb.Registered()
                self.registered.CopyFrom(message.registered)
                for token in message.registered.stale_tokens:
                    self._end(token, "stale", now)
                for attempt in self.held():
                    attempt.last_sign = now
            for acknowledgement in message.acknowledgements:
                self._end(acknowledgement.token, "acknowledged", now)
            for assignment in message.assignments:
                attempt = self.rules.attempts.get(assignment.token)
                if attempt is None:
                    attempt = Attempt(assignment.token, self, self.frames_sent, now)
                    self.rules.attempts[assignment.token] = attempt
                if assignment.HasField("heartbeat_timeout"):
                    attempt.beat_s = seconds(assignment.heartbeat_timeout) / 3
            for cancellation in message.cancellations:
                if cancellation.superseded:
                    self._end(cancellation.token, "superseded", now)
            self.engine_drains = self.engine_drains or message.HasField("drain")

    def _end(self, token: bytes, how: str, now: float) -> None:
        attempt = self.rules.attempts.get(token)
        if attempt is not None:
            attempt.end(how, self, now)
            if how != "acknowledged":
                self.given_back.add(token)

    def held(self) -> List[Attempt]:
        """Attempts on this stream that are not over."""
        return [each for each in self.rules.attempts.values() if each.stream is self and each.ended is None]

    def credits_allowed(self) -> int:
        """The most that the running total may be by now."""
        return self.register.concurrency - self.held_at_registration + len(self.given_back)

    # What comes from the handler.

    def received(self, frame: pb.ConnectRequest) -> None:
        with self.rules.lock:
            now = self.rules.clock()
            for rule, what in FrameChecks(frame, self.registered).faults():
                self.rules.breach(rule, what)
            if self.register is None:
                self._take_register(frame, now)
                return
            if frame.HasField("register"):
                self.rules.breach("register-once", "a later frame has `register` too")
            if self.registered is None:
                self._check_before_registered(frame)
            else:
                self._check_features(frame)
            self._take_confirmations(frame, now)
            self._take_results(frame, now)
            self._take_heartbeat(frame, now)
            self._take_drain(frame)
            self._take_credits(frame)
            self.check_signs_of_life()

    def _take_register(self, frame: pb.ConnectRequest, now: float) -> None:
        breach = self.rules.breach
        self.register = pb.Register()
        self.register.CopyFrom(frame.register)
        others = [field.name for field, _ in frame.ListFields() if field.name != "register"]
        if not frame.HasField("register"):
            breach("register-first", "the first frame has no `register`")
        elif others:
            breach("register-alone", f"the first frame has also {', '.join(others)}")
        if self.rules.instance_id not in (None, self.register.instance_id):
            breach("same-instance", "the same process came with another instance_id")
        self.rules.instance_id = self.register.instance_id
        named = list(self.register.held_tokens)
        if len(set(named)) != len(named):
            breach("held-tokens", "a token is named twice")
        self.held_at_registration = len(set(named))
        for token in named:
            self._take_held(token, now)
        for attempt in self.rules.attempts.values():
            # One that was not confirmed may never have arrived.
            if attempt.ended is None and attempt.confirmed and attempt.token not in named:
                breach("held-tokens", f"{attempt} is neither finished nor named when the handler came again")

    def _take_held(self, token: bytes, now: float) -> None:
        attempt = self.rules.attempts.get(token)
        if attempt is None:
            self.rules.breach("held-tokens", f"{token.hex()} was never handed out")
            return
        if attempt.ended is not None:
            # What ended in the last frames of the stream before may never have been heard.
            before = [stream for stream in self.rules.streams if stream is not self and stream.registered is not None]
            if attempt.ended_on is not before[-1] or attempt.ended_frame <= before[-1].frame_seen:
                self.rules.breach("held-tokens", f"{attempt} is named though it ended ({attempt.ended})")
            attempt.ended = None
        attempt.stream, attempt.confirmed, attempt.last_sign = self, True, now

    def _check_before_registered(self, frame: pb.ConnectRequest) -> None:
        early = [name for name in ("results", "credits", "confirmed_tokens", "access_token")
                 if (frame.HasField(name) if name == "credits" else getattr(frame, name))]
        if early:
            self.rules.breach("after-registered", f"{', '.join(early)} before `registered` came")

    def _check_features(self, frame: pb.ConnectRequest) -> None:
        for feature in used_features(frame):
            if feature not in self.registered.features:
                self.rules.breach("features", f"{pb.ProtocolFeature.Name(feature)} is used, which the engine did not name")

    def _take_confirmations(self, frame: pb.ConnectRequest, now: float) -> None:
        for token in frame.confirmed_tokens:
            attempt = self.rules.attempts.get(token)
            if attempt is None:
                self.rules.breach("confirmed-tokens", f"{token.hex()} was never handed out")
                continue
            attempt.confirmed, attempt.last_sign = True, now
            if attempt.stream is self:
                self.frame_seen = max(self.frame_seen, attempt.frame)

    def _take_results(self, frame: pb.ConnectRequest, now: float) -> None:
        checkpoints = {checkpoint.token for checkpoint in frame.heartbeat.checkpoints}
        for result in frame.results:
            attempt = self.rules.attempts.get(result.token)
            if attempt is None:
                self.rules.breach("results", f"a result of {result.token.hex()}, which was never handed out")
                continue
            self._check_result(attempt, result)
            if result.token in checkpoints:
                self.rules.breach("checkpoint-before-result", f"{attempt}: the checkpoint is in the frame of the result, "
                                  "which the engine takes first; it has to leave in a frame before")
            attempt.last_sign = now
            self.given_back.add(result.token)
            self.results_sent.add(result.token)

    def _check_result(self, attempt: Attempt, result: pb.StepResult) -> None:
        breach = self.rules.breach
        if not attempt.confirmed:
            breach("confirm-before-result", f"{attempt} was not confirmed before its result came")
        if attempt.token in self.results_sent:
            breach("results", f"a second result of {attempt} on one stream")
        said = result.SerializeToString(deterministic=True)
        if attempt.result not in (None, said):
            breach("results", f"the result of {attempt} is not what it was on the stream before")
        attempt.result = said
        if attempt.ended is not None and (attempt.ended_on is not self or attempt.ended_frame <= self.frame_seen):
            breach("results", f"a result of {attempt}, which had ended ({attempt.ended})")

    def _take_heartbeat(self, frame: pb.ConnectRequest, now: float) -> None:
        beat = frame.heartbeat
        named = [*beat.tokens, *(each.token for each in beat.checkpoints), *(each.token for each in beat.progress)]
        for token in named:
            attempt = self.rules.attempts.get(token)
            if attempt is None:
                self.rules.breach("heartbeat", f"{token.hex()} is named, which was never handed out")
                continue
            attempt.last_sign = now
            if attempt.ended is not None and attempt.ended_frame <= self.frame_seen and now - attempt.ended_at > FORGET_S:
                self.rules.breach("heartbeat", f"{attempt} is named long after it ended ({attempt.ended})")

    def _take_drain(self, frame: pb.ConnectRequest) -> None:
        self._drained_in_earlier_frame = self.handler_drains
        if frame.HasField("drain"):
            if self.handler_drains:
                self.rules.breach("drain-once", "`drain` was sent twice on one stream")
            self.handler_drains = True

    def _take_credits(self, frame: pb.ConnectRequest) -> None:
        if not frame.HasField("credits") or self.registered is None:
            return
        breach, before = self.rules.breach, self.credits
        if before is not None and frame.credits < before:
            breach("credits-rise", f"credits fell from {before} to {frame.credits}")
        if frame.credits > self.credits_allowed():
            breach("credits-bound", f"credits {frame.credits} with a concurrency of {self.register.concurrency}, "
                   f"{self.held_at_registration} held at registration and {len(self.given_back)} given back")
        if self._drained_in_earlier_frame and frame.credits > (before or 0):
            breach("credits-after-drain", f"credits rose from {before} to {frame.credits} after the handler's drain")
        self.credits = frame.credits if before is None else max(before, frame.credits)

    def check_signs_of_life(self) -> None:
        if self.over or self.registered is None or not self.reading:
            return
        now = self.rules.clock()
        late_s = LATE_BEHIND_BACKLOG_S if self.was_unread else LATE_S
        for attempt in self.held():
            interval = seconds(self.registered.heartbeat_interval)
            if attempt.beat_s is not None:
                interval = min(interval, attempt.beat_s)
            if now - attempt.last_sign > interval * LATE_INTERVALS + late_s:
                self.rules.breach("heartbeat", f"{attempt} gave no sign of life for {now - attempt.last_sign:.1f} s, "
                                  f"asked for each {interval:g} s")

    def set_reading(self, reading: bool) -> None:
        """A handler cannot be late for an engine that does not read."""
        with self.rules.lock:
            self.reading = reading
            self.was_unread = self.was_unread or not reading
            for attempt in self.held():
                attempt.last_sign = self.rules.clock()

    def half_closed(self) -> None:
        """The handler ended its side."""
        with self.rules.lock:
            self.check_signs_of_life()
            self.over = True
            breach = self.rules.breach
            if self.register is None:
                breach("register-first", "the stream was closed without a `register`")
                return
            # One of the protocol's first version may answer no drain.
            old_engine = self.registered is not None and not self.registered.features
            if not self.engine_drains and not (old_engine and self.handler_drains):
                breach("half-close", "the handler closed its side before the engine's drain")
            for attempt in self.held():
                if attempt.confirmed:
                    breach("half-close", f"the handler closed its side while it held {attempt}")

    def ended(self) -> None:
        """The stream is over, by whichever side."""
        with self.rules.lock:
            self.over = True
