package tasker

import (
	"encoding/json"
	"os"
	"testing"
)

func TestEachAliasIsOfAnEventOfTheCatalog(t *testing.T) {
	raw, err := os.ReadFile("../ruby/lib/tasker/events/catalog.json")
	if err != nil {
		t.Fatal(err)
	}
	var catalog struct {
		Events []struct {
			Name    string `json:"name"`
			AliasOf string `json:"alias_of"`
		} `json:"events"`
	}
	if err := json.Unmarshal(raw, &catalog); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, event := range catalog.Events {
		known[event.Name] = true
		if event.AliasOf != "" && eventAliases[event.AliasOf] != event.Name {
			t.Errorf("%s is called %q too, not %q", event.AliasOf, eventAliases[event.AliasOf], event.Name)
		}
	}
	for _, name := range []string{EventStepCompleted, EventTaskFailed, EventObservabilityStepBackoff,
		EventWorkflowViableStepsDiscovered, EventHandlerValidationFailed, EventCustomStepCompleted} {
		if !known[name] {
			t.Errorf("the catalog has no %s", name)
		}
	}
	if EventStepCompleted != "step.completed" {
		t.Errorf("EventStepCompleted is %q", EventStepCompleted)
	}
}
