package tasker

import (
	"google.golang.org/protobuf/proto"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// take does what a message from the service asks for. It says whether it was the one that answers
// `register`. It never waits for handlers.
func (s *stream) take(message *taskerpb.ConnectResponse) (registered bool) {
	w := s.worker
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if message.Registered != nil && s.features == nil {
		s.takeRegistered(message.Registered)
		registered = true
	}
	for _, each := range message.Acknowledgements {
		// Nothing but a result is acknowledged.
		if known := w.held[string(each.Token)]; known != nil && known.result != nil {
			delete(w.held, string(each.Token))
		}
	}
	// In the order of the message's fields: an assignment and its cancellation may come together.
	s.takeAssignments(message.Assignments)
	for _, each := range message.Cancellations {
		s.takeCancellation(each)
	}
	if message.Drain != nil && !s.engineDrains {
		s.engineDrains = true
		w.log.Info("the service drains", "address", s.address, "reason", message.Drain.Reason)
	}
	s.closeIfIdle()
	return registered
}

func (s *stream) takeRegistered(registered *taskerpb.Registered) {
	w := s.worker
	s.features = map[taskerpb.ProtocolFeature]bool{}
	for _, feature := range registered.Features {
		s.features[feature] = true
	}
	if interval := registered.HeartbeatInterval.AsDuration(); interval > 0 {
		s.interval = interval
	}
	w.bytesMax = registered.PayloadBytesMax
	s.credits = uint64(w.config.Concurrency)
	if held := uint64(s.heldAtStart); held < s.credits {
		s.credits -= held
	} else {
		s.credits = 0
	}
	for _, token := range registered.StaleTokens {
		if each := w.held[string(token)]; each != nil {
			each.end("the attempt is no longer current")
			delete(w.held, string(token))
			s.credits++
		}
	}
	// Only now: what is sent before the service knows us would be lost.
	w.stream = s
	close(s.answered)
	if s.counts() {
		s.out.credits(s.credits)
	}
	for _, each := range w.inOrder() {
		// It may have been lost with the stream before.
		if each.checkpoint != nil {
			s.out.checkpoint(each.token, each.checkpoint)
		}
		if each.result != nil {
			s.sendResult(each)
		}
	}
	if w.stopping {
		s.drain()
	}
}

// counts says whether the running total may rise.
func (s *stream) counts() bool {
	return s.features[taskerpb.ProtocolFeature_PROTOCOL_FEATURE_CREDITS] && !s.worker.stopping
}

func (s *stream) takeCancellation(cancellation *taskerpb.Cancellation) {
	w := s.worker
	known := w.held[string(cancellation.Token)]
	if known == nil {
		return
	}
	w.log.Info("attempt cancelled", "step", known.step.Name, "reason", cancellation.Reason,
		"superseded", cancellation.Superseded)
	if !cancellation.Superseded {
		// The service waits for what becomes of it: done all the same, or not.
		known.step.Cancel(cancellation.Reason)
		known.cancel()
		return
	}
	known.end(cancellation.Reason)
	delete(w.held, string(cancellation.Token))
	if known.creditedOn != s {
		known.creditedOn = s
		s.credits++
		if s.counts() {
			s.out.credits(s.credits)
		}
	}
}

func (s *stream) takeAssignments(assignments []*taskerpb.Assignment) {
	w := s.worker
	// After our end of the stream is closed nothing could be confirmed: then they never arrived, and are
	// handed out anew.
	if s.features == nil || s.closed {
		return
	}
	var tokens [][]byte
	var begun []*attempt
	for _, each := range assignments {
		if len(each.Token) == 0 {
			w.log.Error("an assignment without a token is ignored", "step", each.StepName)
			continue
		}
		tokens = append(tokens, each.Token)
		if w.held[string(each.Token)] == nil {
			begun = append(begun, w.hold(each))
		}
	}
	if len(tokens) > 0 {
		// Before any work begins: until then the service takes them for lost on the way.
		s.out.confirm(tokens)
	}
	for _, each := range begun {
		if each.beat > 0 {
			s.hurry()
		}
		w.running.Add(1)
		go w.work(each)
	}
}

func (s *stream) hurry() {
	select {
	case s.hurried <- struct{}{}:
	default:
	}
}

// sendResult sends an attempt's result, and the credit for the next one with it.
func (s *stream) sendResult(done *attempt) {
	if done.creditedOn != s {
		done.creditedOn = s
		s.credits++
	}
	credits := uint64(0)
	if s.counts() {
		credits = s.credits
	}
	s.out.result(s.understood(done.result), credits)
}

// understood is a result without what the service does not know.
func (s *stream) understood(result *taskerpb.StepResult) *taskerpb.StepResult {
	if result.GetDeferred() != nil && !s.features[taskerpb.ProtocolFeature_PROTOCOL_FEATURE_DEFERRED_COMPLETION] {
		return failedBecause(result.Token, "Tasker::NotSupported",
			"the attempt was deferred, which this version of the service does not know")
	}
	if len(result.Events) > 0 && !s.features[taskerpb.ProtocolFeature_PROTOCOL_FEATURE_CUSTOM_EVENTS] {
		s.worker.log.Warn("events are left out: this version of the service does not know them", "events", len(result.Events))
		result = proto.Clone(result).(*taskerpb.StepResult)
		result.Events = nil
	}
	if result.GetFailure().GetBusiness() && !s.features[taskerpb.ProtocolFeature_PROTOCOL_FEATURE_BUSINESS_ERRORS] {
		result = proto.Clone(result).(*taskerpb.StepResult)
		result.GetFailure().Business, result.GetFailure().Details = false, nil
	}
	return result
}

// drain says, once, that we want no more assignments.
func (s *stream) drain() {
	if s.drained || s.closed {
		return
	}
	s.drained = true
	s.out.drain(drainReason)
	s.closeIfIdle()
}

// closeIfIdle ends our side once nothing is held and the service has said that it hands out no more. One of
// the protocol's first version, which has no features, does not say so.
func (s *stream) closeIfIdle() {
	w := s.worker
	if s.closed || len(w.held) > 0 || s.features == nil {
		return
	}
	if s.engineDrains || s.drained && len(s.features) == 0 {
		s.closed = true
		s.out.close()
		if w.stream == s {
			w.stream = nil
		}
	}
}
