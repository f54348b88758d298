package tasker

import (
	"context"
)

// StepHandler does one kind of step. One value serves many attempts, from several goroutines at once.
type StepHandler interface {
	// Process does the step. What it returns becomes the step's results, if encoding/json can write it;
	// nil becomes an empty object. An error fails the attempt, which is tried again as the template says:
	// see RetryableError, PermanentError and BusinessError. ctx ends when the attempt is cancelled or its
	// time is over.
	Process(ctx context.Context, task *Task, sequence *Sequence, step *Step) (any, error)
}

// StepHandlerFunc is a function as a StepHandler.
type StepHandlerFunc func(ctx context.Context, task *Task, sequence *Sequence, step *Step) (any, error)

// Process calls the function.
func (f StepHandlerFunc) Process(ctx context.Context, task *Task, sequence *Sequence, step *Step) (any, error) {
	return f(ctx, task, sequence, step)
}

// ResultProcessor is what a StepHandler may be besides, to make the step's results of what Process
// returned. initialResults are those that the step had before, nil if there are none. It is not called
// where Process failed or has deferred the attempt.
type ResultProcessor interface {
	ProcessResults(ctx context.Context, step *Step, output, initialResults any) (any, error)
}

// RunStep does a step as a worker does: Process, then ProcessResults where the handler has it. It is
// what a test of a handler calls.
func RunStep(ctx context.Context, handler StepHandler, task *Task, sequence *Sequence, step *Step) (any, error) {
	output, err := handler.Process(ctx, task, sequence, step)
	if err != nil {
		return nil, err
	}
	processor, ok := handler.(ResultProcessor)
	if _, deferred := step.Deferral(); deferred || !ok {
		return output, nil
	}
	return processor.ProcessResults(ctx, step, output, step.initialResults())
}
