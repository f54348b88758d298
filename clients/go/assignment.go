package tasker

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

func taskOf(assignment *taskerpb.Assignment) *Task {
	return &Task{
		ID:          assignment.TaskId,
		Name:        assignment.TaskName,
		Namespace:   assignment.Namespace,
		Version:     assignment.Version,
		Priority:    int(assignment.Priority),
		RawContext:  orObject(assignment.Context),
		Initiator:   assignment.Request.GetInitiator(),
		Tags:        assignment.Request.GetTags(),
		Traceparent: assignment.Traceparent,
		Tracestate:  assignment.Tracestate,
	}
}

func requestOf(assignment *taskerpb.Assignment) *TaskRequest {
	request := &TaskRequest{
		TaskID:       assignment.TaskId,
		Name:         assignment.TaskName,
		Namespace:    assignment.Namespace,
		Version:      assignment.Version,
		RawContext:   orObject(assignment.Context),
		Initiator:    assignment.Request.GetInitiator(),
		SourceSystem: assignment.Request.GetSourceSystem(),
		Reason:       assignment.Request.GetReason(),
		Tags:         assignment.Request.GetTags(),
		BypassSteps:  assignment.Request.GetBypassSteps(),
		Traceparent:  assignment.Traceparent,
		Tracestate:   assignment.Tracestate,
	}
	if at := assignment.Request.GetRequestedAt(); at != nil {
		request.RequestedAt = at.AsTime()
	}
	return request
}

func stepOf(assignment *taskerpb.Assignment) *Step {
	step := &Step{
		ID:            assignment.StepId,
		Name:          assignment.StepName,
		HandlerClass:  assignment.HandlerClass,
		State:         "in_progress",
		AttemptNumber: int(assignment.AttemptNumber),
		RetryLimit:    int(assignment.RetryLimit),
		RawConfig:     orObject(assignment.HandlerConfig),
		ItemIndex:     -1,
		RawCheckpoint: assignment.Checkpoint,
		Traceparent:   assignment.Traceparent,
		Tracestate:    assignment.Tracestate,
		RawToken:      assignment.Token,
	}
	if assignment.ItemIndex != nil {
		step.ItemIndex = int(*assignment.ItemIndex)
		step.RawItem = orNull(assignment.Item)
	}
	if assignment.StartToClose != nil {
		step.Deadline = time.Now().Add(assignment.StartToClose.AsDuration())
	}
	return step
}

func orObject(data []byte) json.RawMessage {
	if len(data) == 0 {
		return json.RawMessage("{}")
	}
	return data
}

func orNull(data []byte) json.RawMessage {
	if len(data) == 0 {
		return json.RawMessage("null")
	}
	return data
}

// StepOf makes a Step of one that Client.GetTask told of.
func StepOf(step *taskerpb.Step) *Step {
	return &Step{
		ID:            step.StepId,
		Name:          step.Name,
		HandlerClass:  step.HandlerClass,
		State:         stateName(step.State),
		AttemptNumber: int(step.Attempts),
		RetryLimit:    int(step.RetryLimit),
		RawResults:    step.Results,
		ItemIndex:     -1,
	}
}

// stateName makes `complete` of STEP_STATE_COMPLETE.
func stateName(state taskerpb.StepState) string {
	return strings.ToLower(strings.TrimPrefix(state.String(), "STEP_STATE_"))
}

// sequenceOf has the steps that an assignment brought with it, and fetches the others when they are asked
// for.
func (w *Worker) sequenceOf(a *attempt) *Sequence {
	steps := make([]*Step, 0, len(a.assignment.Dependencies)+1)
	for _, each := range a.assignment.Dependencies {
		steps = append(steps, &Step{Name: each.StepName, State: stateName(each.State), RawResults: each.Results, ItemIndex: -1})
	}
	steps = append(steps, a.step)
	return NewSequence(steps, func(ctx context.Context) ([]*Step, error) {
		answer, err := w.fetch.GetTask(ctx, &taskerpb.GetTaskRequest{TaskId: a.assignment.TaskId}, grpc.WaitForReady(true))
		if err != nil {
			return nil, err
		}
		all := make([]*Step, 0, len(answer.Task.GetSteps()))
		for _, each := range answer.Task.GetSteps() {
			all = append(all, StepOf(each))
		}
		return all, nil
	})
}

// checkpoint sends how far an attempt is, at once.
func (w *Worker) checkpoint(token []byte, checkpoint json.RawMessage) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	a := w.held[string(token)]
	if a == nil || a.result != nil {
		return
	}
	a.checkpoint = checkpoint
	if w.stream != nil {
		w.stream.out.checkpoint(token, checkpoint)
	}
}

// progress sends how far an attempt is for people, at once.
func (w *Worker) progress(token []byte, fraction *float64, message string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	a := w.held[string(token)]
	if a == nil || a.result != nil || w.stream == nil ||
		!w.stream.features[taskerpb.ProtocolFeature_PROTOCOL_FEATURE_PROGRESS] {
		return
	}
	w.stream.out.progress(&taskerpb.Progress{Token: token, Fraction: fraction, Message: valid(message)})
}
