package main

import (
	"context"
	"errors"
	"testing"

	tasker "github.com/tasker/tasker/clients/go"
	"github.com/tasker/tasker/clients/go/taskerpb"
	"github.com/tasker/tasker/clients/go/testkit"
)

const template = "../../../../config/tasks/order_process.yaml"

func TestAPaymentThatFailsOnceIsTriedAgain(t *testing.T) {
	service := testkit.StartTaskerd(t, testkit.Templates(template))
	service.RunWorker(tasker.WorkerConfig{}, register)

	task := service.RunTask(context.Background(), tasker.NewTask{
		Name:    "order_process",
		Context: map[string]any{"order_id": 1042, "customer_id": int64(9007199254740993)},
	})

	if task.State != taskerpb.TaskState_TASK_STATE_COMPLETE {
		t.Fatalf("the order ended as %v", task.State)
	}
	for _, step := range task.Steps {
		attempts := uint32(1)
		if step.Name == "process_payment" {
			attempts = 2
		}
		if step.Attempts != attempts {
			t.Errorf("%s took %d attempts, not %d", step.Name, step.Attempts, attempts)
		}
	}
	var confirmation struct {
		Mail      string `json:"mail"`
		PaymentID string `json:"payment_id"`
	}
	if err := tasker.Decode(task.Steps[4].Results, &confirmation); err != nil {
		t.Fatal(err)
	}
	if confirmation.Mail != "customer-9007199254740993@example.com" || confirmation.PaymentID != "pay_1042" {
		t.Errorf("the confirmation is %+v", confirmation)
	}
}

func TestThePaymentIsTheSumOfTheItems(t *testing.T) {
	task := testkit.NewTask(t, map[string]any{"order_id": 1, "customer_id": 7})
	steps := testkit.BuildSequenceFromTemplate(t, task, template, map[string]any{
		"fetch_order": map[string]any{"order_id": 1, "items": []any{
			map[string]any{"sku": "a", "quantity": 2, "price_cents": 150},
			map[string]any{"sku": "b", "quantity": 1, "price_cents": 25},
		}},
	})
	step := testkit.NewStep(t, "process_payment", map[string]any{"payment_processor": "test"})
	handler := tasker.StepHandlerFunc(processPayment)

	var retryable *tasker.RetryableError
	if _, err := tasker.RunStep(context.Background(), handler, task, steps, step); !errors.As(err, &retryable) {
		t.Fatalf("the first attempt ended with %v", err)
	}
	step.AttemptNumber = 2
	results, err := tasker.RunStep(context.Background(), handler, task, steps, step)
	if err != nil {
		t.Fatal(err)
	}
	paid := results.(map[string]any)
	if paid["amount_cents"] != int64(325) || paid["processor"] != "test" {
		t.Errorf("the payment is %v", paid)
	}
}
