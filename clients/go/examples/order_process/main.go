// The five handlers of config/tasks/order_process.yaml. With -order, it also places an order of that number,
// and ends when that has.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	tasker "github.com/tasker/tasker/clients/go"
)

func main() {
	engine := flag.String("engine", tasker.DefaultAddress, "host:port of taskerd")
	order := flag.Int64("order", 0, "place an order of this number")
	flag.Parse()

	worker := tasker.NewWorker(tasker.WorkerConfig{
		Addresses:   []string{*engine},
		Name:        "order-handlers",
		Concurrency: 8,
	})
	register(worker)
	if *order != 0 {
		go func() {
			defer worker.Stop()
			if err := place(context.Background(), *engine, *order); err != nil {
				log.Fatal(err)
			}
		}()
	}
	if err := worker.RunUntilSignal(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// place asks for an order and shows what became of it.
func place(ctx context.Context, engine string, number int64) error {
	client, err := tasker.NewClient(tasker.ClientConfig{Addresses: []string{engine}})
	if err != nil {
		return err
	}
	defer client.Close()
	created, err := client.CreateTask(ctx, tasker.NewTask{
		Name:    "order_process",
		Context: map[string]any{"order_id": number, "customer_id": 7},
	})
	if err != nil {
		return err
	}
	task, err := client.WaitForTask(ctx, created.ID)
	if err != nil {
		return err
	}
	for _, step := range task.Steps {
		fmt.Printf("%-20s %d attempts  %s\n", step.Name, step.Attempts, step.Results)
	}
	fmt.Println("order_process:", task.State)
	return nil
}
