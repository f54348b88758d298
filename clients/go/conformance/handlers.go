package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	tasker "github.com/tasker/tasker/clients/go"
)

// handlers is what each class does, by its name behind `Conformance::`.
var handlers = map[string]tasker.StepHandlerFunc{
	"Echo":           echo,
	"Fail":           fail,
	"Hold":           hold,
	"Checkpoint":     checkpoint,
	"Progress":       progress,
	"Large":          large,
	"Events":         events,
	"Deferred":       deferred,
	"Unserializable": unserializable,
	"Sequence":       sequence,
}

func echo(ctx context.Context, task *tasker.Task, steps *tasker.Sequence, step *tasker.Step) (any, error) {
	var left, previous, item, index any
	if step.IsItem() {
		item, index = step.RawItem, step.ItemIndex
	}
	if _, err := step.CheckpointData(&left); err != nil {
		return nil, err
	}
	results := map[string]any{}
	// Only those that came with the assignment: the service is not asked.
	for _, each := range steps.AtHand() {
		if each != step {
			if err := each.Results(&previous); err != nil {
				return nil, err
			}
			results[each.Name] = previous
			previous = nil
		}
	}
	return map[string]any{
		"context":     task.RawContext,
		"config":      step.RawConfig,
		"attempt":     step.AttemptNumber,
		"item":        item,
		"item_index":  index,
		"checkpoint":  left,
		"previous":    results,
		"traceparent": step.Traceparent,
	}, nil
}

func fail(_ context.Context, task *tasker.Task, _ *tasker.Sequence, _ *tasker.Step) (any, error) {
	var context struct {
		Fail struct {
			Kind       string         `json:"kind"`
			Message    string         `json:"message"`
			RetryAfter float64        `json:"retry_after"`
			ErrorClass string         `json:"error_class"`
			Details    map[string]any `json:"details"`
		} `json:"fail"`
	}
	if err := task.Context(&context); err != nil {
		return nil, err
	}
	switch asked := context.Fail; asked.Kind {
	case "error":
		return nil, errors.New(asked.Message)
	case "retryable":
		return nil, tasker.NewRetryableError(asked.Message, seconds(asked.RetryAfter))
	case "permanent":
		return nil, tasker.NewPermanentError(asked.Message)
	case "business":
		return nil, tasker.NewBusinessError(asked.ErrorClass, asked.Message, asked.Details)
	default:
		return nil, fmt.Errorf("no such kind of failure: %q", asked.Kind)
	}
}

func hold(ctx context.Context, task *tasker.Task, _ *tasker.Sequence, step *tasker.Step) (any, error) {
	var asked struct {
		Journal  string `json:"journal"`
		Gate     string `json:"gate"`
		OnCancel string `json:"on_cancel"`
	}
	if err := task.Context(&asked); err != nil {
		return nil, err
	}
	journal, err := os.OpenFile(asked.Journal, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer journal.Close()
	// One write, so that several handlers may share the file.
	if _, err := fmt.Fprintf(journal, "%s %d\n", step.ID, step.AttemptNumber); err != nil {
		return nil, err
	}
	for {
		if _, err := os.Stat(asked.Gate); err == nil {
			return map[string]any{"released": true}, nil
		}
		if step.WaitCancelled(ctx, 10*time.Millisecond) {
			if asked.OnCancel == "succeed" {
				return map[string]any{"cancelled": step.CancelReason()}, nil
			}
			return nil, step.CheckCancelled()
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

func checkpoint(_ context.Context, task *tasker.Task, _ *tasker.Sequence, step *tasker.Step) (any, error) {
	var left struct {
		Count int `json:"count"`
	}
	if _, err := step.CheckpointData(&left); err != nil {
		return nil, err
	}
	var asked struct {
		Times int `json:"times"`
	}
	if err := task.Context(&asked); err != nil {
		return nil, err
	}
	left.Count++
	if err := step.Checkpoint(left); err != nil {
		return nil, err
	}
	if left.Count < asked.Times {
		return nil, tasker.NewRetryableError(fmt.Sprintf("%d of %d", left.Count, asked.Times), 0)
	}
	return left, nil
}

func progress(ctx context.Context, task *tasker.Task, steps *tasker.Sequence, step *tasker.Step) (any, error) {
	step.Progress(0.5, "half")
	return hold(ctx, task, steps, step)
}

func large(_ context.Context, task *tasker.Task, _ *tasker.Sequence, _ *tasker.Step) (any, error) {
	var asked struct {
		Bytes int `json:"bytes"`
	}
	if err := task.Context(&asked); err != nil {
		return nil, err
	}
	return map[string]any{"data": strings.Repeat("x", asked.Bytes)}, nil
}

func events(_ context.Context, _ *tasker.Task, _ *tasker.Sequence, step *tasker.Step) (any, error) {
	return map[string]any{}, step.Publish("conformance.happened", map[string]any{"n": 1})
}

func deferred(_ context.Context, task *tasker.Task, _ *tasker.Sequence, step *tasker.Step) (any, error) {
	var asked struct {
		TokenFile string  `json:"token_file"`
		Timeout   float64 `json:"timeout"`
	}
	if err := task.Context(&asked); err != nil {
		return nil, err
	}
	if err := os.WriteFile(asked.TokenFile+".new", []byte(step.Token()), 0o644); err != nil {
		return nil, err
	}
	if err := os.Rename(asked.TokenFile+".new", asked.TokenFile); err != nil {
		return nil, err
	}
	step.Defer(seconds(asked.Timeout))
	return nil, nil
}

func unserializable(context.Context, *tasker.Task, *tasker.Sequence, *tasker.Step) (any, error) {
	return map[string]any{"number": math.NaN()}, nil
}

func sequence(ctx context.Context, task *tasker.Task, steps *tasker.Sequence, _ *tasker.Step) (any, error) {
	var asked struct {
		Step string `json:"step"`
	}
	if err := task.Context(&asked); err != nil {
		return nil, err
	}
	var results json.RawMessage
	if err := tasker.DecodePreviousStep(ctx, steps, asked.Step, &results); err != nil {
		return nil, err
	}
	return map[string]any{"results": results}, nil
}

func seconds(number float64) time.Duration { return time.Duration(number * float64(time.Second)) }

// taskHandler validates and initialises tasks.
type taskHandler struct{}

func (taskHandler) ValidateTaskRequest(_ context.Context, request *tasker.TaskRequest) error {
	if message, ok := request.Get("refuse").(string); ok {
		return errors.New(message)
	}
	if message, ok := request.Get("refuse_retryable").(string); ok {
		return tasker.NewRetryableError(message, 0)
	}
	return nil
}

func (taskHandler) InitializeTaskContext(_ context.Context, request *tasker.TaskRequest) (any, error) {
	context := map[string]any{}
	err := request.Context(&context)
	context["initialized"] = true
	return context, err
}
