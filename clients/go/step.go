package tasker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// CheckpointBytesMax is the longest checkpoint that the service takes.
const CheckpointBytesMax = 64 << 10

// Step is a step: the one being processed, or an earlier one with its results. Its fields are not changed
// while a handler has it; its methods are safe for use by several goroutines. A zero Step works without a
// service: what it would send is kept, for tests to look at.
type Step struct {
	// ID is the task's id, a dot, the step's index.
	ID string
	// Name is as in the template.
	Name string
	// HandlerClass is as in the template.
	HandlerClass string
	// State is where it stands: `in_progress`, `complete`, `skipped`, ...
	State string
	// AttemptNumber counts the attempts begun, this one included.
	AttemptNumber int
	// RetryLimit is how many attempts are allowed in all.
	RetryLimit int
	// RawConfig is the template's handler_config: a JSON object; empty: none.
	RawConfig json.RawMessage
	// RawResults is what the step returned: any JSON; empty: it is not done, or returned nothing.
	RawResults json.RawMessage
	// RawItem is the element to work on, in an item of a `for_each` step: any JSON; empty: not such a step.
	RawItem json.RawMessage
	// ItemIndex is the element's place, from 0; -1 or RawItem empty: not such a step.
	ItemIndex int
	// RawCheckpoint is what an earlier attempt left behind: any JSON; empty: nothing.
	RawCheckpoint json.RawMessage
	// Traceparent and Tracestate are the trace that the task belongs to, as in W3C Trace Context; empty: none.
	Traceparent string
	// Tracestate is told with Traceparent.
	Tracestate string
	// RawToken names the attempt.
	RawToken []byte
	// Deadline is when the attempt counts as failed since it took too long; zero: never. It is by this
	// process's monotonic clock.
	Deadline time.Time

	work stepWork
}

// stepWork is what becomes of an attempt while it is worked on.
type stepWork struct {
	mutex        sync.Mutex
	sink         stepSink
	checkpointed json.RawMessage
	cancelled    *CancelledError
	done         chan struct{}
	events       []CustomEvent
	deferral     *time.Duration
}

// stepSink carries what an attempt tells while it is worked on.
type stepSink interface {
	checkpoint(token []byte, checkpoint json.RawMessage)
	progress(token []byte, fraction *float64, message string)
}

// CustomEvent is an event of a handler's own, which is published with its result.
type CustomEvent struct {
	// Name is dotted and in lower case, such as `order.paid`.
	Name string
	// Payload is a JSON object.
	Payload json.RawMessage
}

// Attempts is AttemptNumber under the name that the Rails engine gave it.
func (s *Step) Attempts() int { return s.AttemptNumber }

// Config reads the template's handler_config into v; see Decode.
func (s *Step) Config(v any) error { return Decode(s.RawConfig, v) }

// ConfigValue is what stands under key in handler_config, numbers as json.Number; nil where nothing is.
func (s *Step) ConfigValue(key string) any { return memberOf(s.RawConfig, key) }

// Results reads what the step returned into v; see Decode.
func (s *Step) Results(v any) error { return Decode(s.RawResults, v) }

// ResultValue is what stands under key in the results, numbers as json.Number; nil where nothing is.
func (s *Step) ResultValue(key string) any { return memberOf(s.RawResults, key) }

func (s *Step) initialResults() any { return valueOf(s.RawResults) }

// IsItem says whether the step is an item of a `for_each` step: then RawItem and ItemIndex are set.
func (s *Step) IsItem() bool { return len(s.RawItem) > 0 && s.ItemIndex >= 0 }

// Item reads the element to work on into v; see Decode.
func (s *Step) Item(v any) error { return Decode(s.RawItem, v) }

// CheckpointData reads the newest checkpoint, of this attempt or an earlier one, into v, and says whether
// there is one.
func (s *Step) CheckpointData(v any) (bool, error) {
	s.work.mutex.Lock()
	newest := s.work.checkpointed
	s.work.mutex.Unlock()
	if newest == nil {
		newest = s.RawCheckpoint
	}
	if len(newest) == 0 {
		return false, nil
	}
	return true, Decode(newest, v)
}

// Checkpoint tells how far this attempt is, so that another one can go on from there: it finds the newest
// that was stored by CheckpointData. Also a sign of life. value is what JSON holds in 64 KiB; of anything
// else a PermanentError is returned.
func (s *Step) Checkpoint(value any) error {
	data, err := Encode(value)
	if err != nil {
		return &PermanentError{Message: "the checkpoint is not JSON", Class: "Tasker::InvalidCheckpoint", Err: err, origin: here()}
	}
	if len(data) > CheckpointBytesMax {
		message := fmt.Sprintf("the checkpoint has %d bytes, the limit is %d", len(data), CheckpointBytesMax)
		return &PermanentError{Message: message, Class: "Tasker::InvalidCheckpoint", origin: here()}
	}
	s.work.mutex.Lock()
	s.work.checkpointed = data
	sink := s.work.sink
	s.work.mutex.Unlock()
	if sink != nil {
		sink.checkpoint(s.RawToken, data)
	}
	return nil
}

// Progress tells people how far this attempt is: a fraction from 0 to 1, and what it does just now. A
// fraction below 0 means that it is unknown. Never stored; also a sign of life.
func (s *Step) Progress(fraction float64, message string) {
	s.work.mutex.Lock()
	sink := s.work.sink
	s.work.mutex.Unlock()
	if sink == nil {
		return
	}
	// Written so that NaN is unknown too.
	if !(fraction >= 0) {
		sink.progress(s.RawToken, nil, message)
		return
	}
	if fraction > 1 {
		fraction = 1
	}
	sink.progress(s.RawToken, &fraction, message)
}

// Cancelled says whether the work on this attempt is no longer wanted: end it, with results or an error.
func (s *Step) Cancelled() bool { return s.CheckCancelled() != nil }

// CheckCancelled is nil while the attempt is wanted, and then a *CancelledError. The context that Process
// was given ends at the same time.
func (s *Step) CheckCancelled() error {
	s.work.mutex.Lock()
	defer s.work.mutex.Unlock()
	if s.work.cancelled == nil {
		return nil
	}
	return s.work.cancelled
}

// CancelReason is why the attempt is no longer wanted; empty while it is.
func (s *Step) CancelReason() string {
	s.work.mutex.Lock()
	defer s.work.mutex.Unlock()
	if s.work.cancelled == nil {
		return ""
	}
	return s.work.cancelled.Reason
}

// WaitCancelled waits until the attempt is cancelled, for a time or until ctx ends. It says whether it is.
func (s *Step) WaitCancelled(ctx context.Context, timeout time.Duration) bool {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	s.work.mutex.Lock()
	done := s.doneLocked()
	s.work.mutex.Unlock()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
	return s.Cancelled()
}

func (s *Step) doneLocked() chan struct{} {
	if s.work.done == nil {
		s.work.done = make(chan struct{})
	}
	return s.work.done
}

// Cancel marks the attempt as no longer wanted, as the service does; for tests of handlers. The context of
// Process is not touched by it.
func (s *Step) Cancel(reason string) {
	s.work.mutex.Lock()
	defer s.work.mutex.Unlock()
	if s.work.cancelled == nil {
		s.work.cancelled = &CancelledError{Reason: reason}
		close(s.doneLocked())
	}
}

// TimeLeft is how long the attempt may still take; false: as long as it likes.
func (s *Step) TimeLeft() (time.Duration, bool) {
	if s.Deadline.IsZero() {
		return 0, false
	}
	if left := time.Until(s.Deadline); left > 0 {
		return left, true
	}
	return 0, true
}

// Token names the attempt, as text that can stand in a URL: whoever has it ends a deferred attempt with
// Client.CompleteStep.
func (s *Step) Token() string { return base64.RawURLEncoding.EncodeToString(s.RawToken) }

// Publish publishes an event of the handler's own, in the commit that takes the attempt's result. payload
// is what JSON holds as an object; nil: an empty one.
func (s *Step) Publish(name string, payload any) error {
	data, err := encodeObject(payload)
	if err != nil {
		return fmt.Errorf("the payload of the event %s: %w", name, err)
	}
	s.work.mutex.Lock()
	defer s.work.mutex.Unlock()
	s.work.events = append(s.work.events, CustomEvent{Name: name, Payload: data})
	return nil
}

// PublishStepCompleted publishes `custom.step_completed`, which goes with the service's own
// `step.completed`, with data of the handler's.
func (s *Step) PublishStepCompleted(data any) error { return s.Publish("custom.step_completed", data) }

// Published gives the events that the attempt has published.
func (s *Step) Published() []CustomEvent {
	s.work.mutex.Lock()
	defer s.work.mutex.Unlock()
	return append([]CustomEvent(nil), s.work.events...)
}

// Defer says that the attempt ends later, by Client.CompleteStep with its Token: what Process returns is
// then ignored, unless it is an error. It fails if nothing ends it within timeout; zero: within the step's
// own time.
func (s *Step) Defer(timeout time.Duration) {
	s.work.mutex.Lock()
	defer s.work.mutex.Unlock()
	s.work.deferral = &timeout
}

// Deferral says whether the attempt was deferred, and the timeout that was given.
func (s *Step) Deferral() (time.Duration, bool) {
	s.work.mutex.Lock()
	defer s.work.mutex.Unlock()
	if s.work.deferral == nil {
		return 0, false
	}
	return *s.work.deferral, true
}
