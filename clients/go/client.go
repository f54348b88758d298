package tasker

import (
	"context"
	"encoding/json"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// ClientConfig says where the service is. Every field may be left out.
type ClientConfig struct {
	// Addresses, TLS, Token and TokenSource are as in WorkerConfig.
	Addresses []string
	// TLS encrypts; nil: plain text.
	TLS *TLS
	// Token is what the service is shown; empty: nothing.
	Token string
	// TokenSource gives the token of the moment, in place of Token.
	TokenSource TokenSource
}

// Client creates tasks, shows them, waits for them and repairs them. Safe for use by several goroutines.
//
// Its errors are gRPC's: status.Code(err) is the code, status.Convert(err).Message() the service's message;
// the contract in protos/ says which codes come when. How long a call may take is said by its context.
type Client struct {
	connection *grpc.ClientConn
	tasks      taskerpb.TaskServiceClient
	operators  taskerpb.OperatorServiceClient
	handlers   taskerpb.HandlerServiceClient
	events     taskerpb.EventServiceClient
	templates  taskerpb.TemplateServiceClient
}

// NewClient makes a client. It connects with the first call; Close ends the connection.
func NewClient(config ClientConfig) (*Client, error) {
	endpoint, err := newEndpoint(config.Addresses, config.TLS, config.Token, config.TokenSource)
	if err != nil {
		return nil, err
	}
	connection, err := endpoint.dialAny()
	if err != nil {
		return nil, err
	}
	return &Client{
		connection: connection,
		tasks:      taskerpb.NewTaskServiceClient(connection),
		operators:  taskerpb.NewOperatorServiceClient(connection),
		handlers:   taskerpb.NewHandlerServiceClient(connection),
		events:     taskerpb.NewEventServiceClient(connection),
		templates:  taskerpb.NewTemplateServiceClient(connection),
	}, nil
}

// Close ends the connection, and with it what is under way.
func (c *Client) Close() error { return c.connection.Close() }

// Connection is for calls of the contract that Client has no method for, by the stubs of taskerpb.
func (c *Client) Connection() grpc.ClientConnInterface { return c.connection }

// NewTask is what a task is asked for with. Only Name must be given.
type NewTask struct {
	// Name is the template's.
	Name string
	// Namespace is the template's; empty: `default`.
	Namespace string
	// Version is the template's; empty: the highest.
	Version string
	// Context is the input: what JSON holds as an object; nil: an empty one.
	Context any
	// Initiator is who asks; empty: `unknown`.
	Initiator string
	// SourceSystem is the system that asks; empty: `unknown`.
	SourceSystem string
	// Reason is why; empty: `unknown`.
	Reason string
	// Tags are free labels.
	Tags []string
	// Priority is how urgent it is, 0 to 9; nil: as the template says.
	Priority *int
	// IdempotencyKey has a second request with it answered with the task that exists; empty: none.
	IdempotencyKey string
	// BypassSteps names steps to leave out; each must be skippable.
	BypassSteps []string
	// Traceparent and Tracestate are the caller's trace, as in W3C Trace Context; empty: none.
	Traceparent string
	// Tracestate goes with Traceparent.
	Tracestate string
}

// CreatedTask is a task as it was created.
type CreatedTask struct {
	// ID is the task's.
	ID string
	// Version is the one that was chosen.
	Version string
	// Existing is true if the task existed already: then nothing was created.
	Existing bool
}

// CreateTask creates a task. Once it returns, the task is stored durably.
func (c *Client) CreateTask(ctx context.Context, task NewTask) (*CreatedTask, error) {
	input, err := encodeObject(task.Context)
	if err != nil {
		return nil, fmt.Errorf("the context: %w", err)
	}
	request := &taskerpb.CreateTaskRequest{
		Name:           task.Name,
		Namespace:      task.Namespace,
		Version:        task.Version,
		Context:        input,
		Initiator:      task.Initiator,
		SourceSystem:   task.SourceSystem,
		Reason:         task.Reason,
		Tags:           task.Tags,
		IdempotencyKey: task.IdempotencyKey,
		BypassSteps:    task.BypassSteps,
		Traceparent:    task.Traceparent,
		Tracestate:     task.Tracestate,
	}
	if task.Priority != nil {
		if *task.Priority < 0 {
			return nil, fmt.Errorf("the priority must be 0 to 9, not %d", *task.Priority)
		}
		priority := uint32(*task.Priority)
		request.Priority = &priority
	}
	answer, err := c.tasks.CreateTask(ctx, request)
	if err != nil {
		return nil, err
	}
	return &CreatedTask{ID: answer.TaskId, Version: answer.Version, Existing: answer.Existing}, nil
}

// GetTask shows a task with its context and steps.
func (c *Client) GetTask(ctx context.Context, taskID string) (*taskerpb.Task, error) {
	answer, err := c.tasks.GetTask(ctx, &taskerpb.GetTaskRequest{TaskId: taskID})
	if err != nil {
		return nil, err
	}
	return answer.Task, nil
}

// TaskFilter is which tasks are listed. What is left out matches every task.
type TaskFilter struct {
	// Namespace is the template's.
	Namespace string
	// Name is the template's.
	Name string
	// Version is the template's.
	Version string
	// State is where the task stands.
	State taskerpb.TaskState
	// PageSize is how many are asked for at a time, up to 100; 0: the service's choice.
	PageSize int
}

// TaskIterator goes over tasks, newest first, and asks for a page when it needs one. For one goroutine.
//
//	tasks := client.ListTasks(tasker.TaskFilter{})
//	for tasks.Next(ctx) {
//		fmt.Println(tasks.Task().TaskId)
//	}
//	if err := tasks.Err(); err != nil { ... }
type TaskIterator struct {
	client  *Client
	request *taskerpb.ListTasksRequest
	page    []*taskerpb.Task
	task    *taskerpb.Task
	last    bool
	err     error
}

// ListTasks lists tasks, without contexts and steps.
func (c *Client) ListTasks(filter TaskFilter) *TaskIterator {
	return &TaskIterator{client: c, request: &taskerpb.ListTasksRequest{
		Namespace: filter.Namespace,
		Name:      filter.Name,
		Version:   filter.Version,
		State:     filter.State,
		PageSize:  uint32(filter.PageSize),
	}}
}

// Next goes to the next task; false: there is none any more, or Err says what went wrong.
func (i *TaskIterator) Next(ctx context.Context) bool {
	for len(i.page) == 0 {
		if i.last || i.err != nil {
			return false
		}
		answer, err := i.client.tasks.ListTasks(ctx, i.request)
		if err != nil {
			i.err = err
			return false
		}
		i.page = answer.Tasks
		i.request.PageToken = answer.NextPageToken
		i.last = answer.NextPageToken == ""
	}
	i.task, i.page = i.page[0], i.page[1:]
	return true
}

// Task is the one that Next went to.
func (i *TaskIterator) Task() *taskerpb.Task { return i.task }

// Err is what went wrong, nil if nothing did.
func (i *TaskIterator) Err() error { return i.err }

// endEvents are the events after which a task may have finished.
var endEvents = []string{"task.completed", "task.failed", "task.cancelled", "task.resolved_manually"}

// WaitForTask waits until a task has finished, without asking again and again, over restarts of the service
// and broken connections, until ctx ends: then it returns ctx's error.
func (c *Client) WaitForTask(ctx context.Context, taskID string) (*taskerpb.Task, error) {
	pauses := newBackoff()
	for {
		task, err := c.awaitEnd(ctx, taskID)
		if err == nil {
			return task, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("task %s has not finished: %w", taskID, ctx.Err())
		}
		if code := status.Code(err); code != codes.Unavailable && code != codes.Unknown {
			return nil, err
		}
		pauses.wait(ctx)
	}
}

func (c *Client) awaitEnd(ctx context.Context, taskID string) (*taskerpb.Task, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	filter := &taskerpb.EventFilter{TaskIds: []string{taskID}, Names: endEvents}
	call, err := c.events.Subscribe(ctx, &taskerpb.SubscribeRequest{Filter: filter})
	if err != nil {
		return nil, err
	}
	for {
		// The first response is empty: from then on nothing can be missed.
		if _, err := call.Recv(); err != nil {
			return nil, err
		}
		task, err := c.GetTask(ctx, taskID)
		if err != nil || HasFinished(task.State) {
			return task, err
		}
	}
}

// HasFinished says whether a task in this state changes no more unless an operator asks for it.
func HasFinished(state taskerpb.TaskState) bool {
	switch state {
	case taskerpb.TaskState_TASK_STATE_COMPLETE, taskerpb.TaskState_TASK_STATE_ERROR,
		taskerpb.TaskState_TASK_STATE_CANCELLED, taskerpb.TaskState_TASK_STATE_RESOLVED_MANUALLY:
		return true
	default:
		return false
	}
}

// SignalTask gives a task a signal; payload is what JSON holds, nil: an empty object.
func (c *Client) SignalTask(ctx context.Context, taskID, name string, payload any, initiator string) error {
	data, err := encodeOrNothing(payload)
	if err != nil {
		return fmt.Errorf("the payload: %w", err)
	}
	_, err = c.tasks.SignalTask(ctx, &taskerpb.SignalTaskRequest{TaskId: taskID, Name: name, Payload: data, Initiator: initiator})
	return err
}

// PublishEvent publishes an event of the caller's own; payload is what JSON holds as an object, nil: an
// empty one. taskID is the open task that it is about; empty: none.
func (c *Client) PublishEvent(ctx context.Context, name string, payload any, taskID string) error {
	data, err := encodeObject(payload)
	if err != nil {
		return fmt.Errorf("the payload: %w", err)
	}
	_, err = c.events.PublishEvent(ctx, &taskerpb.PublishEventRequest{Name: name, Payload: data, TaskId: taskID})
	return err
}

// ApplyTemplate stores a template, a YAML text. sourceName is what messages call it; empty: `template`.
func (c *Client) ApplyTemplate(ctx context.Context, source []byte, sourceName string) (*taskerpb.ApplyTemplateResponse, error) {
	return c.templates.ApplyTemplate(ctx, &taskerpb.ApplyTemplateRequest{Source: source, SourceName: sourceName})
}

func encodeOrNothing(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	return Encode(v)
}
