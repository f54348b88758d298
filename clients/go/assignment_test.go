package tasker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

type declinedError struct{ reason string }

func (e declinedError) Error() string { return e.reason }

// cycle is what JSON cannot hold.
type cycle struct {
	Next *cycle `json:"next"`
}

func TestWhatAHandlerDoesBecomesAResult(t *testing.T) {
	endless := &cycle{}
	endless.Next = endless
	tests := []struct {
		name    string
		handler StepHandlerFunc
		change  func(*taskerpb.Assignment)
		// Of a success; empty: a failure of this class, and for good or not.
		results   string
		class     string
		message   string
		retryable bool
	}{
		{name: "nothing", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) { return nil, nil }, results: `{}`},
		{name: "numbers of 64 bits", handler: func(_ context.Context, task *Task, _ *Sequence, _ *Step) (any, error) {
			return []any{task.Get("n"), int64(math.MinInt64), uint64(math.MaxUint64)}, nil
		}, results: `[9223372036854775807,-9223372036854775808,18446744073709551615]`},
		{name: "text", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) { return "<ü&😀>", nil }, results: `"<ü&😀>"`},
		{name: "no number", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) { return math.NaN(), nil },
			class: "Tasker::InvalidResults", message: "NaN"},
		{name: "a function", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) { return func() {}, nil },
			class: "Tasker::InvalidResults", message: "func"},
		{name: "a cycle", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) { return endless, nil },
			class: "Tasker::InvalidResults", message: "cycle"},
		{name: "too much", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) {
			return strings.Repeat("x", 1<<20), nil
		}, class: "Tasker::InvalidResults", message: "1048578 bytes, the limit is 1048576"},
		{name: "an error", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) { return nil, errors.New("no") },
			class: "error", message: "no", retryable: true},
		{name: "an error of its own type", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) {
			return nil, fmt.Errorf("charging: %w", declinedError{"declined"})
		}, class: "declinedError", message: "charging: declined", retryable: true},
		{name: "a permanent error, wrapped", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) {
			return nil, fmt.Errorf("charging: %w", NewPermanentError("never"))
		}, class: "PermanentError", message: "charging: never"},
		{name: "the outermost counts", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) {
			return nil, &RetryableError{Message: "later", Err: NewPermanentError("never")}
		}, class: "RetryableError", message: "later: never", retryable: true},
		{name: "a panic", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) { panic("oh") },
			class: "panic", message: "panic: oh", retryable: true},
		{name: "the end of its goroutine", handler: func(context.Context, *Task, *Sequence, *Step) (any, error) {
			(&testing.T{}).SkipNow()
			return nil, nil
		}, class: "panic", message: "ended its goroutine", retryable: true},
		{name: "a class that nobody registered", change: func(a *taskerpb.Assignment) { a.HandlerClass = "Other" },
			class: "Tasker::InvalidAssignment", message: `"Other"`},
		{name: "a kind that nobody knows", handler: quick, change: func(a *taskerpb.Assignment) { a.Kind = 77 },
			class: "Tasker::InvalidAssignment", message: "77"},
		{name: "a context that is no JSON", handler: quick, change: func(a *taskerpb.Assignment) { a.Context = []byte("{") },
			class: "Tasker::InvalidAssignment", message: "context"},
		{name: "a context that is no object", handler: quick, change: func(a *taskerpb.Assignment) { a.Context = []byte(" [1]") },
			class: "Tasker::InvalidAssignment", message: "no JSON object"},
	}
	engine := newFakeEngine(t)
	handlers := map[string]StepHandlerFunc{"Quick": quick}
	for _, each := range tests {
		if each.handler != nil {
			handlers[each.name] = each.handler
		}
	}
	start(t, WorkerConfig{}, handlers, engine)
	s := engine.welcome()
	for _, each := range tests {
		asked := assignment(each.name, each.name)
		asked.Context = []byte(`{"n":9223372036854775807}`)
		if each.change != nil {
			each.change(asked)
		}
		s.assign(asked)
		result := s.awaitResult(each.name)
		s.acknowledge(each.name)
		if each.results != "" {
			if got := string(result.GetSuccess().GetResults()); got != each.results {
				t.Errorf("%s: %s, not %s (%v)", each.name, got, each.results, result.GetFailure())
			}
			continue
		}
		failure := result.GetFailure()
		if failure.GetErrorClass() != each.class || !strings.Contains(failure.GetMessage(), each.message) ||
			failure == nil || failure.Retryable == nil || *failure.Retryable != each.retryable {
			t.Errorf("%s: %v", each.name, result)
		}
	}
}

func TestABusinessErrorHasItsDetails(t *testing.T) {
	engine := newFakeEngine(t)
	start(t, WorkerConfig{}, map[string]StepHandlerFunc{
		"Decline": func(context.Context, *Task, *Sequence, *Step) (any, error) {
			return nil, NewBusinessError("CardDeclined", "no funds", map[string]any{"missing": int64(math.MaxInt64)})
		},
	}, engine)
	s := engine.welcome()
	s.assign(assignment("a", "Decline"))
	failure := s.awaitResult("a").GetFailure()
	if !failure.GetBusiness() || failure.GetRetryable() || failure.ErrorClass != "CardDeclined" ||
		string(failure.Details) != `{"missing":9223372036854775807}` {
		t.Errorf("the failure is %v", failure)
	}
}

func TestAStepHasAllThatTheAssignmentSays(t *testing.T) {
	engine := newFakeEngine(t)
	engine.steps = []*taskerpb.Step{
		{Name: "first", Results: []byte(`{"n":1}`), State: taskerpb.StepState_STEP_STATE_COMPLETE},
		{Name: "before", State: taskerpb.StepState_STEP_STATE_COMPLETE, Results: []byte(`{"n":3}`)},
		{Name: "step"},
	}
	start(t, WorkerConfig{}, map[string]StepHandlerFunc{
		"Look": func(ctx context.Context, task *Task, steps *Sequence, step *Step) (any, error) {
			var item, left any
			_, hasLimit := step.TimeLeft()
			known, err := step.CheckpointData(&left)
			if err != nil || !known {
				return nil, fmt.Errorf("no checkpoint: %w", err)
			}
			if err := step.Item(&item); err != nil {
				return nil, err
			}
			before, err := GetPreviousStepData(ctx, steps, "before", "n")
			if err != nil {
				return nil, err
			}
			first, err := GetPreviousStepData(ctx, steps, "first", "n")
			if err != nil {
				return nil, err
			}
			_, missing := steps.FindStepByName(ctx, "third")
			all, err := steps.Steps(ctx)
			step.Defer(time.Minute)
			if err != nil {
				return nil, err
			}
			return nil, step.Publish("test.seen", map[string]any{
				"item": item, "index": step.ItemIndex, "left": left, "before": before, "first": first, "limit": hasLimit,
				"missing": missing.Error(), "steps": len(all), "trace": step.Traceparent, "config": step.ConfigValue("a"),
				"token": step.Token(), "task": task.Name,
			})
		},
	}, engine)
	s := engine.welcome()
	index := uint32(2)
	asked := assignment("a?", "Look")
	asked.Item, asked.ItemIndex, asked.Checkpoint, asked.Traceparent = []byte(`"x"`), &index, []byte(`[5]`), "00-trace"
	asked.HandlerConfig = []byte(`{"a":true}`)
	asked.Dependencies = []*taskerpb.DependencyResults{{StepName: "before", Results: []byte(`{"n":2}`)}}
	s.assign(asked)
	result := s.awaitResult("a?")
	if result.GetDeferred().GetTimeout().AsDuration() != time.Minute || len(result.Events) != 1 {
		t.Fatalf("the result is %v", result)
	}
	want := `{"before":2,"config":true,"first":1,"index":2,"item":"x","left":[5],"limit":false,` +
		`"missing":"the task has no step \"third\"; it has first, before, step","steps":3,"task":"test","token":"YT8","trace":"00-trace"}`
	if got := string(result.Events[0].Payload); got != want {
		t.Errorf("it saw\n%s, not\n%s", got, want)
	}
}

type addsWhatItWas struct{}

func (addsWhatItWas) Process(context.Context, *Task, *Sequence, *Step) (any, error) { return 1, nil }

func (addsWhatItWas) ProcessResults(_ context.Context, _ *Step, output, initial any) (any, error) {
	return map[string]any{"output": output, "initial": initial}, nil
}

func TestResultsCanBeProcessed(t *testing.T) {
	step := &Step{RawResults: json.RawMessage(`[2]`)}
	results, err := RunStep(context.Background(), addsWhatItWas{}, &Task{}, NewSequence(nil, nil), step)
	data, _ := Encode(results)
	if err != nil || string(data) != `{"initial":[2],"output":1}` {
		t.Errorf("%s, %v", data, err)
	}
}

type strict struct{ BaseTaskHandler }

func (strict) ValidateTaskRequest(_ context.Context, request *TaskRequest) error {
	switch request.Get("order") {
	case nil:
		return declinedError{"no order"}
	case "later":
		return NewRetryableError("not now", 0)
	}
	return nil
}

func TestATaskHandlerRefusesAndInitialises(t *testing.T) {
	engine := newFakeEngine(t)
	worker := NewWorker(WorkerConfig{Addresses: []string{engine.address}, Name: "test", Logger: DiscardLogs})
	worker.HandleTask("Strict", strict{})
	startWorker(t, worker)
	s := engine.welcome()
	if classes := s.register.TaskHandlerClasses; len(classes) != 1 || classes[0].HandlerClass != "Strict" {
		t.Fatalf("registered as %v", s.register)
	}
	for context, check := range map[string]func(*taskerpb.StepResult) bool{
		`{"order":1}`: func(r *taskerpb.StepResult) bool { return string(r.GetSuccess().GetResults()) == `{"order":1}` },
		`{}`: func(r *taskerpb.StepResult) bool {
			f := r.GetFailure()
			return f.GetErrorClass() == "declinedError" && f.GetMessage() == "no order" && f.Retryable != nil && !*f.Retryable
		},
		`{"order":"later"}`: func(r *taskerpb.StepResult) bool { return r.GetFailure().GetRetryable() },
	} {
		asked := assignment(context, "Strict")
		asked.Kind, asked.Context = taskerpb.AssignmentKind_ASSIGNMENT_KIND_INITIALIZE_TASK, []byte(context)
		s.assign(asked)
		if result := s.awaitResult(context); !check(result) {
			t.Errorf("%s: %v", context, result)
		}
	}
}
