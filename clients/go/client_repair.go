package tasker

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// By is who asks for something and why, for the task's history; empty: `unknown`.
type By struct {
	// Actor is who.
	Actor string
	// Reason is why.
	Reason string
}

func (b By) operator() *taskerpb.Operator {
	return &taskerpb.Operator{Actor: b.Actor, Reason: b.Reason}
}

// CancelTask cancels a task: handlers that hold its steps are told, with the reason.
func (c *Client) CancelTask(ctx context.Context, taskID string, by By) error {
	_, err := c.tasks.CancelTask(ctx, &taskerpb.CancelTaskRequest{TaskId: taskID, Reason: by.Reason, Initiator: by.Actor})
	return err
}

// CancelStep cancels one step.
func (c *Client) CancelStep(ctx context.Context, taskID, stepName string, by By) error {
	_, err := c.operators.CancelStep(ctx, &taskerpb.CancelStepRequest{TaskId: taskID, StepName: stepName, Operator: by.operator()})
	return err
}

// RetryTask tries every failed step of a task again, their attempts reset.
func (c *Client) RetryTask(ctx context.Context, taskID string, by By) error {
	_, err := c.operators.RetryTask(ctx, &taskerpb.RetryTaskRequest{TaskId: taskID, Operator: by.operator()})
	return err
}

// RetryStep tries a step again at once: with one more attempt than it has had, or with all of them.
func (c *Client) RetryStep(ctx context.Context, taskID, stepName string, resetAttempts bool, by By) error {
	_, err := c.operators.RetryStep(ctx, &taskerpb.RetryStepRequest{
		TaskId: taskID, StepName: stepName, ResetAttempts: resetAttempts, Operator: by.operator(),
	})
	return err
}

// ResolveTask declares a task in error done.
func (c *Client) ResolveTask(ctx context.Context, taskID string, by By) error {
	_, err := c.operators.ResolveTask(ctx, &taskerpb.ResolveTaskRequest{TaskId: taskID, Operator: by.operator()})
	return err
}

// ResolveStep declares a step done; results is what JSON holds, nil: an empty object.
func (c *Client) ResolveStep(ctx context.Context, taskID, stepName string, results any, by By) error {
	data, err := encodeOrNothing(results)
	if err != nil {
		return fmt.Errorf("the results: %w", err)
	}
	_, err = c.operators.ResolveStep(ctx, &taskerpb.ResolveStepRequest{
		TaskId: taskID, StepName: stepName, Results: data, Operator: by.operator(),
	})
	return err
}

// SkipStep leaves a step out.
func (c *Client) SkipStep(ctx context.Context, taskID, stepName string, by By) error {
	_, err := c.operators.SkipStep(ctx, &taskerpb.SkipStepRequest{TaskId: taskID, StepName: stepName, Operator: by.operator()})
	return err
}

// CompleteStep ends a deferred attempt, named by its Step.Token, with results: what JSON holds, nil: an empty
// object. Repeating it is harmless. A token that is no longer current is no error: the outcome says STALE.
func (c *Client) CompleteStep(ctx context.Context, token string, results any, actor string) (taskerpb.AcknowledgementOutcome, error) {
	raw, err := decodeToken(token)
	if err != nil {
		return 0, err
	}
	data, err := encodeOrNothing(results)
	if err != nil {
		return 0, fmt.Errorf("the results: %w", err)
	}
	success := &taskerpb.StepResult_Success{Success: &taskerpb.StepSuccess{Results: data}}
	return c.complete(ctx, &taskerpb.StepResult{Token: raw, Outcome: success}, actor)
}

// FailStep ends a deferred attempt with an error, taken as one of a handler is: see RetryableError,
// PermanentError and BusinessError. Else as CompleteStep.
func (c *Client) FailStep(ctx context.Context, token string, failure error, actor string) (taskerpb.AcknowledgementOutcome, error) {
	raw, err := decodeToken(token)
	if err != nil {
		return 0, err
	}
	return c.complete(ctx, failureResult(raw, failureOf(failure, "")), actor)
}

func (c *Client) complete(ctx context.Context, result *taskerpb.StepResult, actor string) (taskerpb.AcknowledgementOutcome, error) {
	answer, err := c.handlers.CompleteStep(ctx, &taskerpb.CompleteStepRequest{Result: result, Actor: actor})
	return answer.GetOutcome(), err
}

func decodeToken(token string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) == 0 {
		return nil, fmt.Errorf("%q is no step's token", token)
	}
	return raw, nil
}
