package tasker

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// WorkerConfig says how a worker works. Only Name must be given.
type WorkerConfig struct {
	// Addresses are host:port of the service. With several, one after the other is tried, beginning with
	// any of them. None: DefaultAddress.
	Addresses []string
	// Name is what the worker is called, for people: `order-handlers`.
	Name string
	// Concurrency is the most steps at a time; 0: 16.
	Concurrency int
	// Namespace has only templates of this one served; empty: of any.
	Namespace string
	// Labels are free labels for people, lists and templates' `handler_labels`.
	Labels map[string]string
	// TLS encrypts; nil: plain text.
	TLS *TLS
	// Token is what the service is shown; empty: nothing. Refused, the worker gives up.
	Token string
	// TokenSource gives the token of the moment, in place of Token. Refused, the worker tries again.
	TokenSource TokenSource
	// DrainTimeout is how long a stopping worker waits for what it has begun; 0: 20 s.
	DrainTimeout time.Duration
	// Metrics is told what the worker does.
	Metrics Metrics
	// Logger takes the worker's log; nil: the standard library's log.
	Logger Logger
}

// Worker connects to the service, does the steps that it is handed, and gives back what came of them.
// Results are kept until the service acknowledges them, over broken connections and restarts of it.
//
// Register handlers first, then call Run once. Stop may be called by any goroutine.
type Worker struct {
	config     WorkerConfig
	log        Logger
	endpoint   endpoint
	invalid    error
	instanceID string
	classes    []*taskerpb.HandlerClass
	taskClass  []*taskerpb.HandlerClass
	steps      map[string]StepHandler
	tasks      map[string]TaskHandler
	// As many elements as attempts are worked on.
	slots chan struct{}
	// Closed by Stop, and once the drain timeout has ended.
	stopped, gaveUp chan struct{}
	stopOnce        sync.Once
	giveUpOnce      sync.Once
	running         sync.WaitGroup

	// Guards everything below.
	mutex    sync.Mutex
	started  bool
	stopping bool
	held     map[string]*attempt
	// How many attempts there were, to keep them in their order.
	attempts uint64
	// The stream that the service has answered, while it is open.
	stream   *stream
	bytesMax uint64
	fetch    taskerpb.TaskServiceClient
	// What every attempt's context is made of.
	base context.Context
}

// NewWorker makes a worker. What is wrong with the configuration is told by Run.
func NewWorker(config WorkerConfig) *Worker {
	if config.Concurrency == 0 {
		config.Concurrency = 16
	}
	if config.DrainTimeout == 0 {
		config.DrainTimeout = 20 * time.Second
	}
	w := &Worker{
		config:     config,
		log:        loggerOr(config.Logger),
		instanceID: uuid.NewString(),
		steps:      map[string]StepHandler{},
		tasks:      map[string]TaskHandler{},
		stopped:    make(chan struct{}),
		gaveUp:     make(chan struct{}),
		held:       map[string]*attempt{},
	}
	w.endpoint, w.invalid = newEndpoint(config.Addresses, config.TLS, config.Token, config.TokenSource)
	if config.Name == "" {
		w.invalid = errors.New("a worker needs a name")
	}
	if config.Concurrency < 0 {
		w.invalid = fmt.Errorf("the concurrency must be at least 1, not %d", config.Concurrency)
		return w
	}
	w.slots = make(chan struct{}, config.Concurrency)
	return w
}

// InstanceID names this worker towards the service.
func (w *Worker) InstanceID() string { return w.instanceID }

// HandleOption narrows what a handler is registered for.
type HandleOption func(*taskerpb.HandlerClass)

// OnlyVersion serves templates of this version alone.
func OnlyVersion(version string) HandleOption {
	return func(class *taskerpb.HandlerClass) { class.Version = version }
}

// OnlyNamespace serves templates of this namespace alone, whatever the worker's is.
func OnlyNamespace(namespace string) HandleOption {
	return func(class *taskerpb.HandlerClass) { class.Namespace = namespace }
}

// AtMost bounds how many steps of the class are done at a time.
func AtMost(concurrency int) HandleOption {
	return func(class *taskerpb.HandlerClass) { class.Concurrency = uint32(concurrency) }
}

// Handle registers a handler for steps of a class, as templates name it in `handler_class`. It panics if
// the class has one already, is empty, or the worker runs.
func (w *Worker) Handle(handlerClass string, handler StepHandler, options ...HandleOption) {
	if handler == nil {
		panic("tasker: nil handler for " + handlerClass)
	}
	if _, known := w.steps[handlerClass]; known {
		panic("tasker: two handlers for " + handlerClass)
	}
	w.classes = append(w.classes, w.class(handlerClass, options))
	w.steps[handlerClass] = handler
}

// HandleFunc registers a function: see Handle.
func (w *Worker) HandleFunc(handlerClass string, function StepHandlerFunc, options ...HandleOption) {
	if function == nil {
		panic("tasker: nil handler for " + handlerClass)
	}
	w.Handle(handlerClass, function, options...)
}

// HandleTask registers a handler for new tasks, as templates name it in `task_handler_class`. From then
// on such tasks wait for it, also while no worker that has it is connected. It panics as Handle does.
func (w *Worker) HandleTask(taskHandlerClass string, handler TaskHandler, options ...HandleOption) {
	if handler == nil {
		panic("tasker: nil handler for " + taskHandlerClass)
	}
	if _, known := w.tasks[taskHandlerClass]; known {
		panic("tasker: two handlers for " + taskHandlerClass)
	}
	w.taskClass = append(w.taskClass, w.class(taskHandlerClass, options))
	w.tasks[taskHandlerClass] = handler
}

func (w *Worker) class(name string, options []HandleOption) *taskerpb.HandlerClass {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if name == "" {
		panic("tasker: a handler needs a class")
	}
	if w.started {
		panic("tasker: handlers must be registered before Run")
	}
	class := &taskerpb.HandlerClass{HandlerClass: name, Namespace: w.config.Namespace}
	for _, option := range options {
		option(class)
	}
	return class
}

// RunUntilSignal is Run, which also stops on SIGTERM and SIGINT.
func (w *Worker) RunUntilSignal(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	return w.Run(ctx)
}

// Run serves until ctx ends or Stop is called, and then until everything that was begun is acknowledged,
// for the drain timeout at most: after that it returns ErrDrainTimeout. What handlers are given keeps ctx's
// values, and does not end with it. If the service refuses the worker for good, Run returns an error that
// has the gRPC status in its chain.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.start(ctx); err != nil {
		return err
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-ctx.Done():
			w.Stop()
		case <-w.stopped:
		case <-ended:
			return
		}
		timer := time.NewTimer(w.config.DrainTimeout)
		defer timer.Stop()
		select {
		case <-timer.C:
			w.giveUp()
		case <-ended:
		}
	}()
	tasks, err := w.endpoint.dialAny()
	if err != nil {
		return err
	}
	defer tasks.Close()
	w.fetch = taskerpb.NewTaskServiceClient(tasks)
	base, cancel := context.WithCancel(detached{ctx})
	defer cancel()
	w.base = base
	err = w.serve(base)
	w.abandon()
	return err
}

func (w *Worker) start(ctx context.Context) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch {
	case w.invalid != nil:
		return w.invalid
	case len(w.steps)+len(w.tasks) == 0:
		return errors.New("a worker needs at least one handler")
	case w.started:
		return errors.New("a worker runs only once")
	}
	w.started = true
	return nil
}

// Stop takes nothing more, finishes what was begun, and lets Run return. It does not wait for that.
func (w *Worker) Stop() {
	w.stopOnce.Do(func() {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.stopping = true
		if w.stream != nil {
			w.stream.drain()
		}
		close(w.stopped)
	})
}

// serve connects again and again until the worker is done.
func (w *Worker) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-w.gaveUp:
			cancel()
		case <-ctx.Done():
		}
	}()
	pauses := newBackoff()
	next := rand.New(rand.NewSource(time.Now().UnixNano())).Intn(len(w.endpoint.addresses))
	for !w.done() {
		address := w.endpoint.addresses[next]
		next = (next + 1) % len(w.endpoint.addresses)
		err := w.serveOnce(ctx, address, pauses)
		if w.isGivenUp() {
			return ErrDrainTimeout
		}
		if w.done() {
			return nil
		}
		if err != nil {
			if w.isFatal(err) {
				w.log.Error("the service refused this worker", "address", address, "error", err)
				return fmt.Errorf("the service at %s refused this worker: %w", address, err)
			}
			w.log.Warn("connection lost", "address", address, "error", err)
		}
		if !w.pause(ctx, pauses) && w.isGivenUp() {
			return ErrDrainTimeout
		}
	}
	return nil
}

// pause waits before the next attempt to connect. Stop cuts it short.
func (w *Worker) pause(ctx context.Context, pauses *backoff) bool {
	timer := time.NewTimer(pauses.pause())
	defer timer.Stop()
	stopped := w.stopped
	if w.isStopping() {
		stopped = nil
	}
	select {
	case <-timer.C:
	case <-stopped:
	case <-ctx.Done():
		return false
	}
	return true
}

// done says whether nothing is left to do.
func (w *Worker) done() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.stopping && len(w.held) == 0
}

func (w *Worker) isStopping() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.stopping
}

// giveUp lets Run return, whatever is left.
func (w *Worker) giveUp() { w.giveUpOnce.Do(func() { close(w.gaveUp) }) }

func (w *Worker) isGivenUp() bool {
	select {
	case <-w.gaveUp:
		return true
	default:
		return false
	}
}

// abandon tells what is still worked on that nobody wants it any more, and waits for it for a while.
func (w *Worker) abandon() {
	w.mutex.Lock()
	for _, each := range w.held {
		each.end("the worker ends")
	}
	w.held = map[string]*attempt{}
	w.mutex.Unlock()
	if w.isGivenUp() {
		return
	}
	idle := make(chan struct{})
	go func() {
		w.running.Wait()
		close(idle)
	}()
	timer := time.NewTimer(w.config.DrainTimeout)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	case <-w.gaveUp:
	}
}

// detached has a context's values and nothing of its end.
type detached struct{ values context.Context }

func (detached) Deadline() (time.Time, bool) { return time.Time{}, false }
func (detached) Done() <-chan struct{}       { return nil }
func (detached) Err() error                  { return nil }
func (d detached) Value(key any) any         { return d.values.Value(key) }
