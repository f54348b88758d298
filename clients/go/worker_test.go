package tasker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// handlers that the tests of the worker register.
func quick(context.Context, *Task, *Sequence, *Step) (any, error) {
	return map[string]any{"ok": true}, nil
}

// waiting has a step wait until its gate is closed, or it is cancelled.
func waiting(gate chan struct{}) StepHandlerFunc {
	return func(ctx context.Context, _ *Task, _ *Sequence, step *Step) (any, error) {
		select {
		case <-gate:
			return map[string]any{"released": true}, nil
		case <-ctx.Done():
			return nil, step.CheckCancelled()
		}
	}
}

func TestRegistersWithAllThatItIsAndKnows(t *testing.T) {
	engine := newFakeEngine(t)
	worker := start(t, WorkerConfig{Concurrency: 3, Namespace: "shop", Labels: map[string]string{"zone": "a"}, Token: "secret"},
		map[string]StepHandlerFunc{"Quick": quick}, engine)
	s := engine.accept()
	r := s.register
	if r.Name != "test" || r.InstanceId != worker.InstanceID() || r.SdkName != "tasker-go" || r.Concurrency != 3 ||
		!r.ConfirmsAssignments || len(r.Features) != len(allFeatures) || r.Labels["zone"] != "a" {
		t.Errorf("registered as %v", r)
	}
	if len(r.HandlerClasses) != 1 || r.HandlerClasses[0].HandlerClass != "Quick" || r.HandlerClasses[0].Namespace != "shop" {
		t.Errorf("its classes are %v", r.HandlerClasses)
	}
	if got := s.metadata("authorization"); len(got) != 1 || got[0] != "Bearer secret" {
		t.Errorf("the token came as %q", got)
	}
}

func TestConfirmsBeforeTheWorkAndGivesACreditWithEachResult(t *testing.T) {
	engine := newFakeEngine(t)
	start(t, WorkerConfig{Concurrency: 2}, map[string]StepHandlerFunc{"Quick": quick}, engine)
	s := engine.welcome()
	s.await("credits", func(frame *taskerpb.ConnectRequest) bool { return frame.Credits != nil })
	if s.credits != 2 {
		t.Fatalf("%d credits at first, not 2", s.credits)
	}
	s.assign(assignment("a", "Quick"))
	confirmed := false
	frame := s.await("a result", func(frame *taskerpb.ConnectRequest) bool {
		confirmed = confirmed || len(frame.ConfirmedTokens) == 1 && string(frame.ConfirmedTokens[0]) == "a"
		return len(frame.Results) > 0
	})
	if !confirmed {
		t.Error("the result came before the confirmation")
	}
	if got := string(frame.Results[0].GetSuccess().GetResults()); got != `{"ok":true}` {
		t.Errorf("the results are %s", got)
	}
	if frame.GetCredits() != 3 {
		t.Errorf("%d credits with the result, not 3", frame.GetCredits())
	}
}

func TestSendsNoCreditsToAServiceThatDoesNotKnowThem(t *testing.T) {
	engine := newFakeEngine(t)
	worker := start(t, WorkerConfig{}, map[string]StepHandlerFunc{"Quick": quick}, engine)
	s := engine.accept()
	s.send(&taskerpb.ConnectResponse{Registered: &taskerpb.Registered{HeartbeatInterval: durationpb.New(time.Second)}})
	s.assign(assignment("a", "Quick"))
	s.awaitResult("a")
	worker.Stop()
	s.await("a drain", func(frame *taskerpb.ConnectRequest) bool { return frame.Drain != nil })
	s.acknowledge("a")
	// Such a service answers no drain.
	s.awaitHalfClose()
	s.end(nil)
	if err := worker.awaitEnd(); err != nil {
		t.Error(err)
	}
	for _, frame := range s.seen {
		if frame.Credits != nil {
			t.Errorf("credits were sent: %v", frame)
		}
	}
}

func TestKeepsAResultOverABrokenStreamUntilItIsAcknowledged(t *testing.T) {
	engine := newFakeEngine(t)
	worker := start(t, WorkerConfig{Concurrency: 2}, map[string]StepHandlerFunc{"Quick": quick}, engine)
	s := engine.welcome()
	s.assign(assignment("a", "Quick"))
	s.awaitResult("a")
	s.end(status.Error(codes.Unavailable, "cut"))

	s = engine.welcome()
	if held := s.register.HeldTokens; len(held) != 1 || string(held[0]) != "a" || s.register.InstanceId != worker.InstanceID() {
		t.Fatalf("it came again as %v", s.register)
	}
	s.awaitResult("a")
	if s.credits != 2 {
		t.Errorf("%d credits, not 2: one was held, and one was given back", s.credits)
	}
	s.acknowledge("a")
	s.end(status.Error(codes.Unavailable, "cut"))
	if s = engine.welcome(); len(s.register.HeldTokens) != 0 {
		t.Errorf("it still holds %q", s.register.HeldTokens)
	}
}

func TestDropsWhatIsStaleWhenItComesAgain(t *testing.T) {
	engine := newFakeEngine(t)
	gate := make(chan struct{})
	var cancelled atomic.Bool
	start(t, WorkerConfig{Concurrency: 2}, map[string]StepHandlerFunc{
		"Hold": func(ctx context.Context, task *Task, steps *Sequence, step *Step) (any, error) {
			defer func() { cancelled.Store(step.Cancelled()) }()
			return waiting(gate)(ctx, task, steps, step)
		},
		"Quick": quick,
	}, engine)
	s := engine.welcome()
	s.assign(assignment("a", "Hold"))
	s.await("a confirmation", func(frame *taskerpb.ConnectRequest) bool { return len(frame.ConfirmedTokens) > 0 })
	s.end(status.Error(codes.Unavailable, "cut"))

	s = engine.welcome([]byte("a"))
	s.await("credits", func(frame *taskerpb.ConnectRequest) bool { return frame.GetCredits() == 2 })
	s.assign(assignment("b", "Quick"))
	s.awaitResult("b")
	for _, frame := range s.seen {
		for _, each := range frame.Results {
			if string(each.Token) == "a" {
				t.Error("a result of the stale attempt was sent")
			}
		}
	}
	close(gate)
}

func TestTellsOfItsAttemptsInHeartbeatsAsOftenAsOneAsks(t *testing.T) {
	engine := newFakeEngine(t)
	gate := make(chan struct{})
	defer close(gate)
	start(t, WorkerConfig{}, map[string]StepHandlerFunc{"Hold": waiting(gate)}, engine)
	s := engine.welcome()
	asking := assignment("a", "Hold")
	asking.HeartbeatTimeout = durationpb.New(60 * time.Millisecond)
	s.assign(asking, assignment("b", "Hold"))
	for i := 0; i < 3; i++ {
		s.await("a heartbeat", func(frame *taskerpb.ConnectRequest) bool { return len(frame.GetHeartbeat().GetTokens()) == 2 })
	}
}

func TestSendsACheckpointInAFrameBeforeTheResult(t *testing.T) {
	engine := newFakeEngine(t)
	start(t, WorkerConfig{}, map[string]StepHandlerFunc{
		"Checkpoint": func(_ context.Context, _ *Task, _ *Sequence, step *Step) (any, error) {
			step.Progress(0.25, "first")
			step.Progress(0.5, "half")
			if err := step.Checkpoint(map[string]any{"at": 7}); err != nil {
				return nil, err
			}
			return nil, NewRetryableError("not yet", 90*time.Second)
		},
	}, engine)
	s := engine.welcome()
	for i := 0; i < 50; i++ {
		token := fmt.Sprintf("t%d", i)
		s.assign(assignment(token, "Checkpoint"))
		told := false
		s.await("the result", func(frame *taskerpb.ConnectRequest) bool {
			for _, each := range frame.Results {
				if string(each.Token) == token {
					failure := each.GetFailure()
					if !told || failure.ErrorClass != "RetryableError" || !failure.GetRetryable() ||
						failure.RetryAfter.AsDuration() != 90*time.Second || !strings.Contains(failure.Backtrace, "TestSendsACheckpoint") {
						t.Fatalf("told before: %v; the failure is %v", told, failure)
					}
					return true
				}
			}
			for _, each := range frame.GetHeartbeat().GetCheckpoints() {
				told = told || string(each.Token) == token && string(each.Checkpoint) == `{"at":7}`
			}
			return false
		})
		s.acknowledge(token)
	}
}

func TestCancelsAndSupersedes(t *testing.T) {
	engine := newFakeEngine(t)
	gate := make(chan struct{})
	defer close(gate)
	start(t, WorkerConfig{Concurrency: 2}, map[string]StepHandlerFunc{"Hold": waiting(gate)}, engine)
	s := engine.welcome()
	s.assign(assignment("a", "Hold"), assignment("b", "Hold"))
	s.send(&taskerpb.ConnectResponse{Cancellations: []*taskerpb.Cancellation{
		{Token: []byte("nobody's"), Reason: "unknown"},
		{Token: []byte("a"), Reason: "changed my mind"},
		{Token: []byte("b"), Reason: "too late", Superseded: true},
	}})
	failure := s.awaitResult("a").GetFailure()
	if failure.GetRetryable() || failure.ErrorClass != "CancelledError" || !strings.Contains(failure.Message, "changed my mind") {
		t.Errorf("the cancelled attempt ended as %v", failure)
	}
	if s.credits != 4 {
		t.Errorf("%d credits, not 4", s.credits)
	}
}

func TestFinishesWhatItHoldsBeforeItStops(t *testing.T) {
	engine := newFakeEngine(t)
	gate := make(chan struct{})
	worker := start(t, WorkerConfig{}, map[string]StepHandlerFunc{"Hold": waiting(gate), "Quick": quick}, engine)
	s := engine.welcome()
	s.assign(assignment("a", "Hold"))
	s.await("a confirmation", func(frame *taskerpb.ConnectRequest) bool { return len(frame.ConfirmedTokens) > 0 })
	worker.Stop()
	s.await("a drain", func(frame *taskerpb.ConnectRequest) bool { return frame.Drain != nil })
	// It was on its way.
	s.assign(assignment("b", "Quick"))
	s.awaitResult("b")
	s.drain()
	s.acknowledge("b")
	close(gate)
	s.awaitResult("a")
	s.acknowledge("a")
	s.awaitHalfClose()
	s.end(nil)
	if err := worker.awaitEnd(); err != nil {
		t.Error(err)
	}
}

func TestGivesUpWhenTheDrainTakesTooLong(t *testing.T) {
	engine := newFakeEngine(t)
	worker := start(t, WorkerConfig{DrainTimeout: time.Millisecond}, map[string]StepHandlerFunc{"Hold": waiting(nil)}, engine)
	s := engine.welcome()
	s.assign(assignment("a", "Hold"))
	s.await("a confirmation", func(frame *taskerpb.ConnectRequest) bool { return len(frame.ConfirmedTokens) > 0 })
	worker.Stop()
	if err := worker.awaitEnd(); !errors.Is(err, ErrDrainTimeout) {
		t.Errorf("it ended with %v", err)
	}
}

func TestGoesToTheNextAddressWhenTheServiceDrains(t *testing.T) {
	first, second := newFakeEngine(t), newFakeEngine(t)
	start(t, WorkerConfig{}, map[string]StepHandlerFunc{"Quick": quick}, first, second)
	var one, other *fakeEngine
	var s *fakeStream
	select {
	case s = <-first.streams:
		one, other = first, second
	case s = <-second.streams:
		one, other = second, first
	case <-time.After(patience):
		t.Fatal("no stream came")
	}
	one.streams <- s
	s = one.welcome()
	s.drain()
	s.awaitHalfClose()
	s.end(nil)
	other.welcome()
}

func TestRefusalsEndItOthersDoNot(t *testing.T) {
	engine := newFakeEngine(t)
	worker := start(t, WorkerConfig{}, map[string]StepHandlerFunc{"Quick": quick}, engine)
	for _, code := range []codes.Code{codes.Unavailable, codes.ResourceExhausted, codes.DataLoss, codes.Internal} {
		engine.accept().end(status.Error(code, "try again"))
	}
	engine.accept().end(status.Error(codes.InvalidArgument, "no such label"))
	err := worker.awaitEnd()
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "no such label") {
		t.Errorf("it ended with %v", err)
	}
}

func TestAChangedTokenIsSentWithAHeartbeat(t *testing.T) {
	engine := newFakeEngine(t)
	var calls atomic.Int32
	source := func(context.Context) (string, error) { return fmt.Sprintf("token-%d", calls.Add(1)), nil }
	start(t, WorkerConfig{TokenSource: source}, map[string]StepHandlerFunc{"Quick": quick}, engine)
	refused := engine.accept()
	refused.end(status.Error(codes.Unauthenticated, "no longer valid"))
	s := engine.accept()
	if got := s.metadata("authorization"); len(got) != 1 || got[0] != "Bearer token-2" {
		t.Fatalf("the token came as %q", got)
	}
	s.send(&taskerpb.ConnectResponse{Registered: &taskerpb.Registered{
		HeartbeatInterval: durationpb.New(20 * time.Millisecond), Features: allFeatures,
	}})
	s.await("a new token", func(frame *taskerpb.ConnectRequest) bool { return frame.AccessToken == "token-3" })
}

func TestNeverWorksOnMoreThanItsConcurrency(t *testing.T) {
	engine := newFakeEngine(t)
	var now, most atomic.Int32
	gate := make(chan struct{})
	start(t, WorkerConfig{Concurrency: 2}, map[string]StepHandlerFunc{
		"Count": func(context.Context, *Task, *Sequence, *Step) (any, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			<-gate
			now.Add(-1)
			return nil, nil
		},
	}, engine)
	s := engine.welcome()
	var all []*taskerpb.Assignment
	for i := 0; i < 10; i++ {
		all = append(all, assignment(fmt.Sprint(i), "Count"))
	}
	s.assign(all...)
	s.await("the confirmation", func(frame *taskerpb.ConnectRequest) bool { return len(frame.ConfirmedTokens) == 10 })
	close(gate)
	results := 0
	for results < 10 {
		results += len(s.await("results", func(frame *taskerpb.ConnectRequest) bool { return len(frame.Results) > 0 }).Results)
	}
	if most.Load() > 2 {
		t.Errorf("%d steps at a time", most.Load())
	}
}
