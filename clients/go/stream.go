package tasker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

const (
	drainReason = "the worker stops"
	// registerWithin is how long the service has to answer a new stream.
	registerWithin = 30 * time.Second
	// Until the service has said how often it wants heartbeats.
	heartbeatDefault = 10 * time.Second
	heartbeatLeast   = 10 * time.Millisecond
)

// allFeatures is what this client knows of the protocol beyond its first version.
var allFeatures = []taskerpb.ProtocolFeature{
	taskerpb.ProtocolFeature_PROTOCOL_FEATURE_CREDITS,
	taskerpb.ProtocolFeature_PROTOCOL_FEATURE_DEFERRED_COMPLETION,
	taskerpb.ProtocolFeature_PROTOCOL_FEATURE_CUSTOM_EVENTS,
	taskerpb.ProtocolFeature_PROTOCOL_FEATURE_PROGRESS,
	taskerpb.ProtocolFeature_PROTOCOL_FEATURE_TASK_HANDLERS,
	taskerpb.ProtocolFeature_PROTOCOL_FEATURE_BUSINESS_ERRORS,
	taskerpb.ProtocolFeature_PROTOCOL_FEATURE_TOKEN_REFRESH,
}

// stream is one stream to the service, from its making to its end. The worker's mutex guards its fields.
type stream struct {
	worker  *Worker
	address string
	out     *outbox
	// Closed when the stream has ended.
	over chan struct{}
	// Closed when the service has answered.
	answered chan struct{}
	// Has an element when heartbeats may be due earlier than before.
	hurried chan struct{}

	features map[taskerpb.ProtocolFeature]bool
	interval time.Duration
	// Attempts named when it began.
	heldAtStart int
	// The running total; counts only with PROTOCOL_FEATURE_CREDITS.
	credits uint64
	drained bool
	// Whether the service wants no more of us.
	engineDrains bool
	closed       bool
	// The token that the service knows; only its heartbeats use it.
	token string
}

// serveOnce opens a stream and serves it to its end. nil: both sides meant it to end.
func (w *Worker) serveOnce(ctx context.Context, address string, pauses *backoff) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	connection, err := w.endpoint.dial(address)
	if err != nil {
		return err
	}
	defer connection.Close()
	token, err := w.endpoint.current(ctx)
	if err != nil {
		return fmt.Errorf("no access token: %w", err)
	}
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	call, err := taskerpb.NewHandlerServiceClient(connection).Connect(ctx)
	if err != nil {
		return err
	}
	s := w.openStream(address, token)
	var helpers sync.WaitGroup
	helpers.Add(2)
	go func() {
		defer helpers.Done()
		s.send(call)
	}()
	go func() {
		defer helpers.Done()
		s.beat(ctx, cancel)
	}()
	known := false
	for {
		var message *taskerpb.ConnectResponse
		if message, err = call.Recv(); err != nil {
			break
		}
		if s.take(message) {
			known = true
			pauses.reset()
			w.log.Info("connected", "address", address, "name", w.config.Name, "held", s.heldAtStart,
				"service_version", message.Registered.ServiceVersion)
			w.config.Metrics.connected(address)
		}
	}
	w.closeStream(s)
	cancel()
	helpers.Wait()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if known {
		w.config.Metrics.disconnected(address, err)
	}
	return err
}

func (w *Worker) openStream(address, token string) *stream {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	s := &stream{
		worker:      w,
		address:     address,
		out:         newOutbox(),
		over:        make(chan struct{}),
		answered:    make(chan struct{}),
		hurried:     make(chan struct{}, 1),
		interval:    heartbeatDefault,
		heldAtStart: len(w.held),
		token:       token,
	}
	register := &taskerpb.Register{
		Name:                w.config.Name,
		InstanceId:          w.instanceID,
		SdkName:             "tasker-go",
		SdkVersion:          Version,
		Concurrency:         uint32(w.config.Concurrency),
		HandlerClasses:      w.classes,
		TaskHandlerClasses:  w.taskClass,
		Labels:              w.config.Labels,
		ConfirmsAssignments: true,
		Features:            allFeatures,
	}
	for _, each := range w.inOrder() {
		register.HeldTokens = append(register.HeldTokens, each.token)
	}
	s.out.register(register)
	return s
}

func (w *Worker) closeStream(s *stream) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	s.closed = true
	s.out.close()
	close(s.over)
	if w.stream == s {
		w.stream = nil
	}
}

// send sends what is put in the outbox, as it comes.
func (s *stream) send(call taskerpb.HandlerService_ConnectClient) {
	for {
		message := s.out.next(s.over)
		if message == nil {
			// The status comes to whoever receives.
			_ = call.CloseSend()
			return
		}
		if err := call.Send(message); err != nil {
			return
		}
	}
}

// beat sends signs of life, and new access tokens, until the stream ends.
func (s *stream) beat(ctx context.Context, cancel context.CancelFunc) {
	unanswered := time.NewTimer(registerWithin)
	defer unanswered.Stop()
	select {
	case <-s.answered:
	case <-unanswered.C:
		s.worker.log.Warn("the service does not answer", "address", s.address)
		cancel()
		return
	case <-s.over:
		return
	}
	last := time.Now()
	for {
		timer := time.NewTimer(time.Until(last.Add(s.heartbeatInterval())))
		select {
		case <-timer.C:
			last = time.Now()
			s.sendHeartbeat()
			s.refreshToken(ctx)
		case <-s.hurried:
		case <-s.over:
		}
		timer.Stop()
		select {
		case <-s.over:
			return
		default:
		}
	}
}

// heartbeatInterval is the service's, or shorter if an attempt asks for it.
func (s *stream) heartbeatInterval() time.Duration {
	s.worker.mutex.Lock()
	defer s.worker.mutex.Unlock()
	shortest := s.interval
	for _, each := range s.worker.held {
		if each.beat > 0 && each.beat < shortest {
			shortest = each.beat
		}
	}
	if shortest < heartbeatLeast {
		return heartbeatLeast
	}
	return shortest
}

func (s *stream) sendHeartbeat() {
	s.worker.mutex.Lock()
	defer s.worker.mutex.Unlock()
	if len(s.worker.held) == 0 {
		return
	}
	var tokens [][]byte
	for _, each := range s.worker.inOrder() {
		tokens = append(tokens, each.token)
	}
	s.out.heartbeat(tokens)
}

// refreshToken tells the service of another access token than it knows, if there is one by now.
func (s *stream) refreshToken(ctx context.Context) {
	if !s.worker.endpoint.changing || !s.has(taskerpb.ProtocolFeature_PROTOCOL_FEATURE_TOKEN_REFRESH) {
		return
	}
	token, err := s.worker.endpoint.current(ctx)
	if err != nil {
		s.worker.log.Warn("no access token", "error", err)
		return
	}
	if token != "" && token != s.token {
		s.token = token
		s.out.accessToken(token)
	}
}

// has says whether the service knows a feature. Only once it has answered.
func (s *stream) has(feature taskerpb.ProtocolFeature) bool {
	s.worker.mutex.Lock()
	defer s.worker.mutex.Unlock()
	return s.features[feature]
}

// isFatal says whether connecting again would change nothing.
func (w *Worker) isFatal(err error) bool {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.Aborted, codes.PermissionDenied, codes.Unimplemented:
		return true
	case codes.Unauthenticated:
		return !w.endpoint.changing
	default:
		return false
	}
}
