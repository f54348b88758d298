package tasker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sort"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// attempt is an assignment from its arrival until its result is acknowledged. The worker's mutex guards
// what changes of it.
type attempt struct {
	token      []byte
	number     uint64
	assignment *taskerpb.Assignment
	step       *Step
	ctx        context.Context
	cancel     context.CancelFunc
	// How often it wants to be heard of; 0: as often as the service says.
	beat time.Duration
	// nil while it is worked on.
	result *taskerpb.StepResult
	// The newest; nil: none.
	checkpoint json.RawMessage
	// The stream on which a credit was given for its end.
	creditedOn *stream
}

// end tells the work that nobody wants it, nor a result, any more.
func (a *attempt) end(reason string) {
	a.step.Cancel(reason)
	a.cancel()
}

// hold makes an attempt of an assignment. The mutex is held.
func (w *Worker) hold(assignment *taskerpb.Assignment) *attempt {
	w.attempts++
	a := &attempt{token: assignment.Token, number: w.attempts, assignment: assignment, step: stepOf(assignment)}
	a.step.work.sink = w
	if a.step.Deadline.IsZero() {
		a.ctx, a.cancel = context.WithCancel(w.base)
	} else {
		a.ctx, a.cancel = context.WithDeadline(w.base, a.step.Deadline)
	}
	if assignment.HeartbeatTimeout != nil {
		a.beat = assignment.HeartbeatTimeout.AsDuration() / 3
	}
	w.held[string(a.token)] = a
	return a
}

// inOrder is what is held, the oldest first. The mutex is held.
func (w *Worker) inOrder() []*attempt {
	all := make([]*attempt, 0, len(w.held))
	for _, each := range w.held {
		all = append(all, each)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].number < all[j].number })
	return all
}

// work does one attempt from beginning to end, on a goroutine of its own.
func (w *Worker) work(a *attempt) {
	defer w.running.Done()
	defer a.cancel()
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-a.ctx.Done():
	}
	w.config.Metrics.stepStarted(a.assignment.HandlerClass, a.step.Name)
	began := time.Now()
	result := w.resultOf(a)
	outcome := w.finish(a, result)
	w.config.Metrics.stepFinished(a.assignment.HandlerClass, a.step.Name, outcome, time.Since(began))
}

// finish keeps a result until it is acknowledged, and sends it if there is a stream.
func (w *Worker) finish(a *attempt, result *taskerpb.StepResult) string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.held[string(a.token)] != a {
		return OutcomeSuperseded
	}
	a.result = result
	if w.stream != nil {
		w.stream.sendResult(a)
	}
	switch {
	case result.GetSuccess() != nil:
		return OutcomeSuccess
	case result.GetDeferred() != nil:
		return OutcomeDeferred
	case a.step.Cancelled():
		return OutcomeCancelled
	case result.GetFailure().GetBusiness():
		return OutcomeBusiness
	case !result.GetFailure().GetRetryable():
		return OutcomePermanent
	default:
		return OutcomeFailure
	}
}

func (w *Worker) resultOf(a *attempt) *taskerpb.StepResult {
	if problem := problemOf(a.assignment); problem != "" {
		w.log.Error("an assignment cannot be read", "step", a.step.Name, "problem", problem)
		return failedBecause(a.token, "Tasker::InvalidAssignment", problem)
	}
	results, err, place := w.call(a)
	w.mutex.Lock()
	bytesMax := w.bytesMax
	w.mutex.Unlock()
	if err != nil {
		w.log.Info("step failed", "step", a.step.Name, "task", a.assignment.TaskId, "attempt", a.step.AttemptNumber, "error", err)
		failure := failureOf(err, place)
		if a.step.Cancelled() {
			retryable := false
			failure.Retryable = &retryable
		}
		return failureResult(a.token, failure)
	}
	var result *taskerpb.StepResult
	if timeout, deferred := a.step.Deferral(); deferred {
		deferral := &taskerpb.Deferral{}
		if timeout > 0 {
			deferral.Timeout = durationpb.New(timeout)
		}
		result = &taskerpb.StepResult{Token: a.token, Outcome: &taskerpb.StepResult_Deferred{Deferred: deferral}}
	} else {
		result = successOf(a.token, results, bytesMax)
	}
	for _, event := range a.step.Published() {
		result.Events = append(result.Events, &taskerpb.CustomEvent{Name: valid(event.Name), Payload: event.Payload})
	}
	return result
}

// call calls the handler. Whatever it does becomes results or an error; place is where it stands.
func (w *Worker) call(a *attempt) (results any, err error, place string) {
	class := a.assignment.HandlerClass
	// It may have waited for a free slot until nobody wanted it any more.
	if err := a.step.CheckCancelled(); err != nil {
		return nil, err, ""
	}
	if err := a.ctx.Err(); err != nil {
		return nil, err, ""
	}
	if a.assignment.Kind == taskerpb.AssignmentKind_ASSIGNMENT_KIND_INITIALIZE_TASK {
		handler := w.tasks[class]
		if handler == nil {
			return nil, w.noHandler("task handler", class), ""
		}
		results, err = guard(func() (any, error) { return initialize(a.ctx, handler, requestOf(a.assignment)) })
		return results, err, placeOf(handler, "InitializeTaskContext")
	}
	handler := w.steps[class]
	if handler == nil {
		return nil, w.noHandler("handler", class), ""
	}
	if _, known := taskerpb.AssignmentKind_name[int32(a.assignment.Kind)]; !known {
		message := fmt.Sprintf("assignments of the kind %d are unknown to this client", a.assignment.Kind)
		return nil, &PermanentError{Message: message, Class: "Tasker::InvalidAssignment"}, ""
	}
	results, err = guard(func() (any, error) {
		return RunStep(a.ctx, handler, taskOf(a.assignment), w.sequenceOf(a), a.step)
	})
	return results, err, placeOf(handler, "Process")
}

func (w *Worker) noHandler(kind, class string) error {
	return &PermanentError{
		Message: fmt.Sprintf("this worker has no %s for the class %q", kind, class),
		Class:   "Tasker::InvalidAssignment",
	}
}

func initialize(ctx context.Context, handler TaskHandler, request *TaskRequest) (any, error) {
	if err := handler.ValidateTaskRequest(ctx, request); err != nil {
		return nil, refusal(err)
	}
	return handler.InitializeTaskContext(ctx, request)
}

// refusal is an error of ValidateTaskRequest: permanent unless it says otherwise.
func refusal(err error) error {
	if isUnderstood(err) {
		return err
	}
	return &PermanentError{Class: errorClass(err), Err: err}
}

// guard turns a panic, and the end of the goroutine, into an error.
func guard(function func() (any, error)) (results any, err error) {
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		ended := false
		defer func() {
			if value := recover(); value != nil {
				err = &panicError{value: value, stack: string(debug.Stack())}
			} else if !ended {
				err = &panicError{value: "the handler ended its goroutine", stack: string(debug.Stack())}
			}
		}()
		results, err = function()
		ended = true
	}()
	<-returned
	return results, err
}

// problemOf says what in an assignment cannot be read; empty: nothing.
func problemOf(assignment *taskerpb.Assignment) string {
	type part struct {
		name   string
		data   []byte
		object bool
	}
	parts := []part{
		{"context", assignment.Context, true},
		{"handler_config", assignment.HandlerConfig, true},
		{"checkpoint", assignment.Checkpoint, false},
		{"item", assignment.Item, false},
	}
	for _, dependency := range assignment.Dependencies {
		parts = append(parts, part{"results of " + dependency.StepName, dependency.Results, false})
	}
	for _, each := range parts {
		switch {
		case len(each.data) == 0:
		case !json.Valid(each.data) || !utf8.Valid(each.data):
			return fmt.Sprintf("the assignment's %s is no JSON in UTF-8", each.name)
		case each.object && bytes.TrimLeft(each.data, " \t\r\n")[0] != '{':
			return fmt.Sprintf("the assignment's %s is no JSON object", each.name)
		}
	}
	return ""
}
