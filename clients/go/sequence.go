package tasker

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// Sequence is the steps of a task, by name. Those that the current one depends on directly are at hand;
// the others are fetched from the service when one of them is first asked for, all at once. Safe for use
// by several goroutines.
type Sequence struct {
	mutex sync.Mutex
	steps []*Step
	// nil once they are fetched, or where there is nobody to ask.
	fetch func(context.Context) ([]*Step, error)
}

// NewSequence makes a sequence of steps at hand; fetch gives all steps of the task, and may be nil.
func NewSequence(steps []*Step, fetch func(context.Context) ([]*Step, error)) *Sequence {
	return &Sequence{steps: steps, fetch: fetch}
}

// FindStepByName gives the task's step of that name. It fails with an error that names the steps there
// are if the task has no such step, or with the service's error if it had to be asked.
func (s *Sequence) FindStepByName(ctx context.Context, name string) (*Step, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if step := find(s.steps, name); step != nil {
		return step, nil
	}
	if err := s.fetchAll(ctx); err != nil {
		return nil, err
	}
	if step := find(s.steps, name); step != nil {
		return step, nil
	}
	names := make([]string, 0, len(s.steps))
	for _, step := range s.steps {
		names = append(names, step.Name)
	}
	return nil, fmt.Errorf("the task has no step %q; it has %s", name, orElse(strings.Join(names, ", "), "none"))
}

// Steps gives all steps of the task, in the template's order.
func (s *Sequence) Steps(ctx context.Context) ([]*Step, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := s.fetchAll(ctx); err != nil {
		return nil, err
	}
	return append([]*Step(nil), s.steps...), nil
}

// AtHand gives the steps that are known without asking the service: at first the current one and those that
// it depends on directly.
func (s *Sequence) AtHand() []*Step {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]*Step(nil), s.steps...)
}

func (s *Sequence) fetchAll(ctx context.Context) error {
	if s.fetch == nil {
		return nil
	}
	fetched, err := s.fetch(ctx)
	if err != nil {
		return fmt.Errorf("the task's steps cannot be read: %w", err)
	}
	s.fetch = nil
	for i, step := range fetched {
		if known := find(s.steps, step.Name); known != nil {
			fetched[i] = known
		}
	}
	s.steps = fetched
	return nil
}

func find(steps []*Step, name string) *Step {
	for _, step := range steps {
		if step.Name == name {
			return step
		}
	}
	return nil
}

// GetPreviousStepData is what stands under key in the results of an earlier step, or all of them for an
// empty key; numbers are json.Number. nil where there is nothing.
func GetPreviousStepData(ctx context.Context, sequence *Sequence, stepName, key string) (any, error) {
	step, err := sequence.FindStepByName(ctx, stepName)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return valueOf(step.RawResults), nil
	}
	return memberOf(step.RawResults, key), nil
}

// DecodePreviousStep reads the results of an earlier step into v; see Decode.
func DecodePreviousStep(ctx context.Context, sequence *Sequence, stepName string, v any) error {
	step, err := sequence.FindStepByName(ctx, stepName)
	if err != nil {
		return err
	}
	if err := step.Results(v); err != nil {
		return fmt.Errorf("the results of %s: %w", stepName, err)
	}
	return nil
}
