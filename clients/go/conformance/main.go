// The handler that tests/conformance drives: see its README. Logs to stderr; ends with 0 once it has
// drained after a signal, with 1 if the service refuses it.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	tasker "github.com/tasker/tasker/clients/go"
)

func main() {
	addresses := flag.String("address", tasker.DefaultAddress, "host:port of the service; several with commas")
	concurrency := flag.Int("concurrency", 4, "the most steps at a time")
	ca := flag.String("tls-ca", "", "certificates of those who vouch for the service")
	tokenFile := flag.String("token-file", "", "file with the access token, read whenever one is needed")
	namespace := flag.String("namespace", "", "serve only templates of this namespace")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}

	config := tasker.WorkerConfig{
		Addresses:   strings.Split(*addresses, ","),
		Name:        "conformance",
		Concurrency: *concurrency,
		Namespace:   *namespace,
	}
	if *ca != "" {
		config.TLS = &tasker.TLS{CAFile: *ca}
	}
	if *tokenFile != "" {
		config.TokenSource = func(context.Context) (string, error) {
			token, err := os.ReadFile(*tokenFile)
			return strings.TrimSpace(string(token)), err
		}
	}
	worker := tasker.NewWorker(config)
	for name, handler := range handlers {
		worker.Handle("Conformance::"+name, handler)
	}
	worker.HandleTask("Conformance::Task", taskHandler{})
	if err := worker.RunUntilSignal(context.Background()); err != nil {
		log.Fatal(err)
	}
}
