// The handler that `tasker bench --handler go` measures with: the classes of
// clients/bench/handler_classes.h. Ends with 0 once it has drained after a signal, with 1 if the
// service refuses it.
package main

import (
	"context"
	"flag"
	"log"
	"strings"
	"time"

	tasker "github.com/tasker/tasker/clients/go"
)

var done = map[string]any{"ok": true}

func step(context.Context, *tasker.Task, *tasker.Sequence, *tasker.Step) (any, error) {
	return done, nil
}

func payload(_ context.Context, task *tasker.Task, _ *tasker.Sequence, _ *tasker.Step) (any, error) {
	return task.RawContext, nil
}

func sleep(ctx context.Context, _ *tasker.Task, _ *tasker.Sequence, step *tasker.Step) (any, error) {
	var config struct {
		Milliseconds float64 `json:"duration_ms"`
	}
	if err := step.Config(&config); err != nil {
		return nil, err
	}
	step.WaitCancelled(ctx, time.Duration(config.Milliseconds*float64(time.Millisecond)))
	return done, nil
}

func fetchOrder(_ context.Context, task *tasker.Task, _ *tasker.Sequence, _ *tasker.Step) (any, error) {
	items := []map[string]any{{"sku": "TEA-1", "quantity": 2, "cents": 1250}}
	return map[string]any{"order_id": task.Get("order_id"), "items": items, "total_cents": 2500}, nil
}

func validateInventory(ctx context.Context, _ *tasker.Task, steps *tasker.Sequence, _ *tasker.Step) (any, error) {
	order, err := steps.FindStepByName(ctx, "fetch_order")
	if err != nil {
		return nil, err
	}
	var results struct {
		Items []any `json:"items"`
	}
	if err := order.Results(&results); err != nil {
		return nil, err
	}
	return map[string]any{"available": true, "items": len(results.Items)}, nil
}

func processPayment(_ context.Context, task *tasker.Task, _ *tasker.Sequence, step *tasker.Step) (any, error) {
	if step.AttemptNumber == 1 {
		return nil, &tasker.RetryableError{Message: "the payment gateway is busy"}
	}
	return map[string]any{"payment_id": "pay-" + task.ID, "processor": step.ConfigValue("payment_processor")}, nil
}

func updateInventory(ctx context.Context, _ *tasker.Task, steps *tasker.Sequence, _ *tasker.Step) (any, error) {
	payment, err := steps.FindStepByName(ctx, "process_payment")
	if err != nil {
		return nil, err
	}
	return map[string]any{"updated": true, "paid_by": payment.ResultValue("payment_id")}, nil
}

func sendConfirmation(_ context.Context, task *tasker.Task, _ *tasker.Sequence, _ *tasker.Step) (any, error) {
	return map[string]any{"sent_to": task.Get("customer_id")}, nil
}

func main() {
	address := flag.String("address", tasker.DefaultAddress, "host:port of the service")
	concurrency := flag.Int("concurrency", 256, "the most steps at a time")
	flag.Parse()
	worker := tasker.NewWorker(tasker.WorkerConfig{
		Addresses:   strings.Split(*address, ","),
		Name:        "bench-handlers-go",
		Concurrency: *concurrency,
	})
	const order = "OrderProcess::StepHandler::"
	for class, handler := range map[string]tasker.StepHandlerFunc{
		"Bench::Step":                      step,
		"Bench::Payload":                   payload,
		"Bench::Sleep":                     sleep,
		order + "FetchOrderHandler":        fetchOrder,
		order + "ValidateInventoryHandler": validateInventory,
		order + "ProcessPaymentHandler":    processPayment,
		order + "UpdateInventoryHandler":   updateInventory,
		order + "SendConfirmationHandler":  sendConfirmation,
	} {
		worker.Handle(class, handler)
	}
	if err := worker.RunUntilSignal(context.Background()); err != nil {
		log.Fatal(err)
	}
}
