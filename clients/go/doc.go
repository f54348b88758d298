// Package tasker is the Go client of Tasker: it does the steps of tasks, follows events, and creates
// and looks after tasks.
//
// A Worker connects to the service, is handed steps, and calls the StepHandler or TaskHandler that was
// registered for their class. A Subscriber follows events, and hands each to the functions or methods
// of its name. A Client creates tasks, shows them, waits for them and repairs them.
//
// The messages of the contract are in the package taskerpb, generated from protos/; what tests of
// handlers need is in the package testkit.
package tasker

// Version is this package's, as the service is told.
const Version = "0.1.0"

// DefaultAddress is where the service listens unless its settings say otherwise.
const DefaultAddress = "127.0.0.1:7420"
