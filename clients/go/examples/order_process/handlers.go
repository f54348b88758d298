package main

import (
	"context"
	"encoding/json"
	"fmt"

	tasker "github.com/tasker/tasker/clients/go"
)

const prefix = "OrderProcess::StepHandler::"

// register registers the five handlers of config/tasks/order_process.yaml.
func register(worker *tasker.Worker) {
	worker.HandleFunc(prefix+"FetchOrderHandler", fetchOrder)
	worker.HandleFunc(prefix+"ValidateInventoryHandler", validateInventory)
	worker.HandleFunc(prefix+"ProcessPaymentHandler", processPayment)
	worker.HandleFunc(prefix+"UpdateInventoryHandler", updateInventory)
	worker.HandleFunc(prefix+"SendConfirmationHandler", sendConfirmation)
}

// order is the task's context.
type order struct {
	OrderID    int64       `json:"order_id"`
	CustomerID json.Number `json:"customer_id"`
}

type item struct {
	SKU        string `json:"sku"`
	Quantity   int64  `json:"quantity"`
	PriceCents int64  `json:"price_cents"`
}

type fetched struct {
	OrderID    int64       `json:"order_id"`
	CustomerID json.Number `json:"customer_id"`
	Items      []item      `json:"items"`
}

func fetchOrder(_ context.Context, task *tasker.Task, _ *tasker.Sequence, _ *tasker.Step) (any, error) {
	var asked order
	if err := task.Context(&asked); err != nil {
		return nil, err
	}
	found := fetched{OrderID: asked.OrderID, CustomerID: asked.CustomerID}
	for _, n := range []int64{1, 2} {
		found.Items = append(found.Items, item{fmt.Sprintf("SKU-%d", asked.OrderID%90+n), n, 499 * n})
	}
	return found, nil
}

func validateInventory(ctx context.Context, _ *tasker.Task, steps *tasker.Sequence, _ *tasker.Step) (any, error) {
	var found fetched
	if err := tasker.DecodePreviousStep(ctx, steps, "fetch_order", &found); err != nil {
		return nil, err
	}
	reserved := []string{}
	for _, each := range found.Items {
		reserved = append(reserved, each.SKU)
	}
	return map[string]any{"available": true, "reserved": reserved}, nil
}

// processPayment fails at first, as payment gateways do.
func processPayment(ctx context.Context, _ *tasker.Task, steps *tasker.Sequence, step *tasker.Step) (any, error) {
	if step.AttemptNumber == 1 {
		return nil, tasker.NewRetryableError("payment gateway timed out", 0)
	}
	// Not a direct dependency: fetched from the service.
	var found fetched
	if err := tasker.DecodePreviousStep(ctx, steps, "fetch_order", &found); err != nil {
		return nil, err
	}
	settings := struct {
		Processor string `json:"payment_processor"`
	}{"none"}
	if err := step.Config(&settings); err != nil {
		return nil, err
	}
	var amount int64
	for _, each := range found.Items {
		amount += each.PriceCents * each.Quantity
	}
	return map[string]any{
		"payment_id":   fmt.Sprintf("pay_%d", found.OrderID),
		"amount_cents": amount,
		"processor":    settings.Processor,
	}, nil
}

func updateInventory(ctx context.Context, _ *tasker.Task, steps *tasker.Sequence, _ *tasker.Step) (any, error) {
	var validated struct {
		Reserved []string `json:"reserved"`
	}
	if err := tasker.DecodePreviousStep(ctx, steps, "validate_inventory", &validated); err != nil {
		return nil, err
	}
	return map[string]any{"updated": len(validated.Reserved)}, nil
}

func sendConfirmation(ctx context.Context, task *tasker.Task, steps *tasker.Sequence, _ *tasker.Step) (any, error) {
	payment, err := tasker.GetPreviousStepData(ctx, steps, "process_payment", "payment_id")
	if err != nil {
		return nil, err
	}
	mail := fmt.Sprintf("customer-%v@example.com", task.Get("customer_id"))
	return map[string]any{"mail": mail, "payment_id": payment}, nil
}
