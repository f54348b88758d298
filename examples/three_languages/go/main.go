// Takes the goods off the shelf.
package main

import (
	"context"
	"log"
	"os"

	tasker "github.com/tasker/tasker/clients/go"
)

func reserve(_ context.Context, task *tasker.Task, _ *tasker.Sequence, _ *tasker.Step) (any, error) {
	return map[string]any{"sku": task.Get("sku"), "reserved": task.Get("quantity")}, nil
}

func main() {
	address := os.Getenv("TASKER_ADDRESS")
	if address == "" {
		address = tasker.DefaultAddress
	}
	worker := tasker.NewWorker(tasker.WorkerConfig{Addresses: []string{address}, Name: "shelves"})
	worker.HandleFunc("ThreeLanguages::ReserveHandler", reserve)
	if err := worker.RunUntilSignal(context.Background()); err != nil {
		log.Fatal(err)
	}
}
