package tasker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/tasker/tasker/clients/go/taskerpb"
)

// acknowledgeWithin bounds an acknowledgement.
const acknowledgeWithin = 30 * time.Second

// consume handles and acknowledges what a named subscription sends, until the call or ctx ends.
func (s *Subscriber) consume(ctx context.Context, service taskerpb.EventServiceClient, pauses *backoff) error {
	// The call outlives ctx by what is at hand: an event that was handled is acknowledged.
	callContext, cancel := context.WithCancel(context.Background())
	defer cancel()
	var handling sync.Mutex
	go func() {
		select {
		case <-ctx.Done():
			handling.Lock()
			defer handling.Unlock()
			cancel()
		case <-callContext.Done():
		}
	}()
	call, err := service.Subscribe(callContext, s.request(), grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	consumer := ""
	for {
		response, err := s.receive(call, pauses)
		if err != nil {
			return err
		}
		consumer = orElse(response.ConsumerId, consumer)
		handling.Lock()
		err = s.handleAndAcknowledge(ctx, service, consumer, response.Events)
		handling.Unlock()
		if err != nil {
			return err
		}
	}
}

// handleAndAcknowledge returns an error if the call is to be made anew.
func (s *Subscriber) handleAndAcknowledge(ctx context.Context, service taskerpb.EventServiceClient, consumer string,
	events []*taskerpb.Event) error {
	handled := ""
	for _, each := range events {
		if ctx.Err() != nil {
			break
		}
		s.Dispatch(ctx, eventOf(each))
		handled = each.Cursor
		s.moveTo(handled)
	}
	if handled == "" {
		return nil
	}
	acknowledging, cancel := context.WithTimeout(context.Background(), acknowledgeWithin)
	defer cancel()
	_, err := service.Acknowledge(acknowledging, &taskerpb.AcknowledgeRequest{
		Subscription: s.config.Subscription, Cursor: handled, ConsumerId: consumer,
	})
	if err != nil {
		// Whatever it is, consuming anew mends it, or says why it cannot be mended.
		return fmt.Errorf("events could not be acknowledged: %s", err)
	}
	return nil
}
