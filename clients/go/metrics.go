package tasker

import "time"

// What became of an attempt, as Metrics.StepFinished tells it.
const (
	OutcomeSuccess    = "success"
	OutcomeFailure    = "failure"
	OutcomePermanent  = "permanent_failure"
	OutcomeBusiness   = "business_failure"
	OutcomeDeferred   = "deferred"
	OutcomeCancelled  = "cancelled"
	OutcomeSuperseded = "superseded"
)

// Metrics is told what a worker does. Any function may be nil. They are called by the worker's own
// goroutines, several at once, and must return soon.
type Metrics struct {
	// StepStarted tells that the work of an attempt begins.
	StepStarted func(handlerClass, stepName string)
	// StepFinished tells what became of it (Outcome...), and how long the work took.
	StepFinished func(handlerClass, stepName, outcome string, took time.Duration)
	// Connected tells that the service at address knows the worker now.
	Connected func(address string)
	// Disconnected tells that the stream to address has ended; err is nil if both sides meant it to.
	Disconnected func(address string, err error)
}

func (m *Metrics) stepStarted(handlerClass, stepName string) {
	if m.StepStarted != nil {
		m.StepStarted(handlerClass, stepName)
	}
}

func (m *Metrics) stepFinished(handlerClass, stepName, outcome string, took time.Duration) {
	if m.StepFinished != nil {
		m.StepFinished(handlerClass, stepName, outcome, took)
	}
}

func (m *Metrics) connected(address string) {
	if m.Connected != nil {
		m.Connected(address)
	}
}

func (m *Metrics) disconnected(address string, err error) {
	if m.Disconnected != nil {
		m.Disconnected(address, err)
	}
}
