package tasker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// Where a subscriber starts if its CursorStore has no cursor. Any other text is a cursor.
const (
	// StartNow has it follow what happens from now on.
	StartNow = "now"
	// StartEarliest has it begin with the earliest event still kept.
	StartEarliest = "earliest"
)

// SubscriberConfig says which events are followed, and from where. Every field may be left out.
type SubscriberConfig struct {
	// Addresses, TLS, Token and TokenSource are as in WorkerConfig.
	Addresses []string
	// TLS encrypts; nil: plain text.
	TLS *TLS
	// Token is what the service is shown; empty: nothing.
	Token string
	// TokenSource gives the token of the moment, in place of Token.
	TokenSource TokenSource
	// SubscribeTo holds names or patterns (`step.*`) of events. None: those of On, or all if Handle was
	// called.
	SubscribeTo []string
	// Namespace has only events of tasks of it followed; empty: of any.
	Namespace string
	// TaskName has only events of tasks of this template followed; empty: of any.
	TaskName string
	// TaskIDs has only events of these tasks followed; none: of any.
	TaskIDs []string
	// Categories has only events of these followed; none: of any.
	Categories []string
	// Start is StartNow, StartEarliest or a cursor; empty: StartNow. It counts if Cursors has none.
	Start string
	// Subscription names a subscription that the service keeps, and makes if there is none; empty: none. Then
	// the service knows the place, and Cursors must be nil: what was handled is acknowledged, once for all
	// events that came together, and comes to nobody again; what was not comes again, to this or another
	// consumer of the name. Several share the events by task. Who asks for nothing in particular takes the
	// filter that the subscription has, and Start counts only when it is made.
	Subscription string
	// ConsumerName is what people are to call this consumer of Subscription.
	ConsumerName string
	// UnacknowledgedMax is how many events it is given ahead; 0: as many as the service thinks fit.
	UnacknowledgedMax uint32
	// Cursors keeps how far the subscriber has come; nil: as long as it lives. It is saved behind the events
	// that came together, once all are handled: after a crash, some may come again.
	Cursors CursorStore
	// Logger takes the subscriber's log; nil: the standard library's log.
	Logger Logger
}

// Subscriber follows events and hands each, one after the other, to the functions and methods for it. After a
// broken connection it goes on behind the last event that it has handled. Register handlers first, then call
// Run once.
type Subscriber struct {
	config     SubscriberConfig
	log        Logger
	endpoint   endpoint
	invalid    error
	routes     []route
	methods    []methodRoutes
	subscribed chan struct{}
	once       sync.Once

	mutex  sync.Mutex
	cursor string
}

// NewSubscriber makes a subscriber. What is wrong with the configuration is told by Run.
func NewSubscriber(config SubscriberConfig) *Subscriber {
	s := &Subscriber{config: config, log: loggerOr(config.Logger), subscribed: make(chan struct{})}
	s.endpoint, s.invalid = newEndpoint(config.Addresses, config.TLS, config.Token, config.TokenSource)
	if s.config.Cursors == nil {
		s.config.Cursors = &MemoryCursorStore{}
	} else if config.Subscription != "" && s.invalid == nil {
		s.invalid = errors.New("a named subscription keeps its own place: leave Cursors nil")
	}
	return s
}

// On has a function called for events of a name, or that match a pattern (`step.*`). `task.started` and
// `step.started` stand for `task.start_requested` and `step.execution_requested`.
func (s *Subscriber) On(pattern string, handle EventFunc) {
	if handle == nil {
		panic("tasker: nil handler for " + pattern)
	}
	s.routes = append(s.routes, route{pattern, handle})
}

// Handle has the methods of a value called: HandleTaskCompleted for `task.completed`, HandleOrderPaid for
// `order.paid`, and HandleEvent for what has no method of its own; each is a func(context.Context, *Event)
// error. It panics if the value has none, or one of another form.
func (s *Subscriber) Handle(value any) {
	methods, err := methodsOf(value)
	if err != nil {
		panic("tasker: " + err.Error())
	}
	s.methods = append(s.methods, methods)
}

// Subscribed is closed once the service has confirmed the first subscription: from then on nothing is missed.
func (s *Subscriber) Subscribed() <-chan struct{} { return s.subscribed }

// Cursor is behind what was handled last; empty: nothing was yet.
func (s *Subscriber) Cursor() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.cursor
}

func (s *Subscriber) moveTo(cursor string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.cursor = cursor
}

// Run follows events until ctx ends: then it returns nil, once the event at hand is handled. It returns an
// error for what connecting again cannot mend, with the gRPC status in its chain: OutOfRange if the events
// behind the cursor are no longer kept.
func (s *Subscriber) Run(ctx context.Context) error {
	if s.invalid != nil {
		return s.invalid
	}
	cursor, err := s.config.Cursors.Load(ctx)
	if err != nil {
		return fmt.Errorf("the cursor cannot be read: %w", err)
	}
	s.moveTo(cursor)
	connection, err := s.endpoint.dialAny()
	if err != nil {
		return err
	}
	defer connection.Close()
	service := taskerpb.NewEventServiceClient(connection)
	pauses := newBackoff()
	for ctx.Err() == nil {
		err := s.followOnce(ctx, service, pauses)
		if ctx.Err() != nil {
			break
		}
		if s.isFatal(err) {
			return fmt.Errorf("the service refused the subscription: %w", err)
		}
		s.log.Warn("events lost, subscribing again", "error", err)
		pauses.wait(ctx)
	}
	return nil
}

func (s *Subscriber) isFatal(err error) bool {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.OutOfRange, codes.FailedPrecondition, codes.PermissionDenied, codes.Unimplemented:
		return true
	case codes.Unauthenticated:
		return !s.endpoint.changing
	default:
		return false
	}
}

func (s *Subscriber) followOnce(ctx context.Context, service taskerpb.EventServiceClient, pauses *backoff) error {
	if s.config.Subscription != "" {
		return s.consume(ctx, service, pauses)
	}
	return s.follow(ctx, service, pauses)
}

func (s *Subscriber) follow(ctx context.Context, service taskerpb.EventServiceClient, pauses *backoff) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := service.Subscribe(ctx, s.request(), grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	for {
		response, err := s.receive(call, pauses)
		if err != nil {
			return err
		}
		for _, each := range response.Events {
			s.Dispatch(ctx, eventOf(each))
			s.moveTo(each.Cursor)
			if ctx.Err() != nil {
				s.save(each.Cursor)
				return ctx.Err()
			}
		}
		s.moveTo(response.Cursor)
		s.save(response.Cursor)
	}
}

// receive takes the next response; the first tells that the subscription stands.
func (s *Subscriber) receive(call taskerpb.EventService_SubscribeClient, pauses *backoff) (*taskerpb.SubscribeResponse, error) {
	response, err := call.Recv()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the service ended the stream")
	}
	if err != nil {
		return nil, err
	}
	pauses.reset()
	s.once.Do(func() { close(s.subscribed) })
	return response, nil
}

// save keeps the cursor. A subscriber that ends saves too, so ctx plays no part.
func (s *Subscriber) save(cursor string) {
	if err := s.config.Cursors.Save(context.Background(), cursor); err != nil {
		s.log.Error("the cursor cannot be saved", "error", err)
	}
}

func (s *Subscriber) request() *taskerpb.SubscribeRequest {
	names := s.config.SubscribeTo
	if len(names) == 0 && len(s.methods) == 0 {
		for _, each := range s.routes {
			names = append(names, each.pattern)
		}
	}
	filter := &taskerpb.EventFilter{
		Names:      names,
		TaskIds:    s.config.TaskIDs,
		Namespace:  s.config.Namespace,
		TaskName:   s.config.TaskName,
		Categories: s.config.Categories,
	}
	request := &taskerpb.SubscribeRequest{
		Subscription: s.config.Subscription, ConsumerName: s.config.ConsumerName, UnacknowledgedMax: s.config.UnacknowledgedMax,
	}
	if s.config.Subscription == "" || proto.Size(filter) > 0 {
		request.Filter = filter
	}
	switch start := orElse(s.Cursor(), s.config.Start); start {
	case "", StartNow:
	case StartEarliest:
		request.Start = &taskerpb.SubscribeRequest_FromEarliest{FromEarliest: true}
	default:
		request.Start = &taskerpb.SubscribeRequest_AfterCursor{AfterCursor: start}
	}
	return request
}

// Dispatch hands an event to the functions and methods for it, as Run does; for tests of them, too.
func (s *Subscriber) Dispatch(ctx context.Context, event *Event) {
	var all []EventFunc
	for _, each := range s.routes {
		if each.matches(event.Name) {
			all = append(all, each.handle)
		}
	}
	for _, each := range s.methods {
		all = append(all, each.of(event.Name)...)
	}
	for _, handle := range all {
		if err := isolate(ctx, handle, event); err != nil {
			s.log.Error("an event's handler failed", "event", event.Name, "id", event.ID, "error", err)
		}
	}
}
