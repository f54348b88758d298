// What one command changes, gathered so that each record is written once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/effects.h"
#include "engine/model/time.h"
#include "engine/states/step_machine.h"
#include "engine/states/task_machine.h"
#include "engine/tasks/task_run.h"

namespace tasker::engine {

// Who brought a change about, and why: for the history.
struct Cause {
  // `engine`, `handler:NAME`, or what a caller gave as initiator.
  std::string_view actor = "engine";
  // May be empty.
  std::string_view reason = "";
};

// The only way in which a task or step changes its state. Lives as long as one command.
class Changes {
 public:
  class Scratch;

  // All must outlive this object. `scratch` is of no meaning between two commands: it keeps memory
  // that each would have to ask for anew.
  Changes(Timestamp now, Effects* effects, Scratch* scratch)
      : now_(now), effects_(*effects), scratch_(*scratch) {}
  Changes(const Changes&) = delete;
  Changes& operator=(const Changes&) = delete;

  Timestamp now() const { return now_; }
  Effects& effects() { return effects_; }

  // The task is new: its context as it is to be stored, its place in lists and its mark as open are
  // written.
  void Create(TaskRun& task, const Payload& stored_context);

  // The task works with another context from now on; what is stored of it is given.
  void SaveContext(TaskRun& task, const Payload& stored_context);

  // The task has finished and is to go on: it is to be read at the next start again.
  void Reopen(TaskRun& task);

  // Takes the step, or the task, to where the table says `input` leads from its state.
  // Precondition: the table has that pair.
  void Move(TaskRun& task, StepIndex step, StepInput input, const Cause& cause = {});
  void Move(TaskRun& task, TaskInput input, const Cause& cause = {});

  // Something about the step, or the task, changed that is no change of state: its record is
  // stored.
  void Save(TaskRun& task, StepIndex step);
  void Save(TaskRun& task);
  // The same, with a row of history that leads from the state to itself.
  void Note(TaskRun& task, StepIndex step, const Cause& cause);
  void Note(TaskRun& task, const Cause& cause);

  // Adds an event about the task, or about its step, for the caller to complete. Valid until the
  // effects' events are taken.
  storage::v1::EventRecord& Tell(std::string_view name, const TaskRun& task);
  storage::v1::EventRecord& Tell(std::string_view name, const TaskRun& task, StepIndex step);

  // The step is an item that is no more: its record goes. It must not be changed any further.
  void Drop(TaskRun& task, StepIndex step);

  // The task's steps are about to get other places: which of them were changed so far is forgotten,
  // and returned. Whoever gives the places saves those, and each step whose record changes by its
  // place, and vacates the places that no step with a record has any more.
  std::vector<StepIndex> Renumber(TaskRun& task);
  void Vacate(TaskRun& task, StepIndex place);
  // The task runs on another version now, and its steps have their places there. `from`: the
  // version before.
  void NoteMove(TaskRun& task, std::string_view from, const Cause& cause);

  // Adds the records of everything changed to the effects. To be called once, last, while every
  // task that was changed still exists. Returns those tasks.
  std::vector<TaskRun*> Flush();

 private:
  struct Touched {
    TaskRun* task = nullptr;
    // Whether the task's own record changed.
    bool header = false;
    std::vector<StepIndex> steps;
    std::vector<StepIndex> dropped;
    std::vector<StepIndex> vacated;
    storage::v1::HistoryRecord history;

    // Makes it one of `of` that has not changed yet.
    void Begin(TaskRun& of);
  };

  Touched& Touch(TaskRun& task);
  void TouchStep(Touched& touched, TaskRun& task, StepIndex step);
  storage::v1::Transition& AddTransition(Touched& touched, const Cause& cause);
  void AddStepTransition(TaskRun& task, StepIndex step, StepState to, const Cause& cause);
  storage::v1::Transition& AddTaskTransition(TaskRun& task, TaskState to, const Cause& cause);

  Timestamp now_;
  Effects& effects_;
  Scratch& scratch_;
};

class Changes::Scratch {
 private:
  friend class Changes;

  // The first `used` are those of the command under way.
  std::vector<Touched> touched_;
  std::size_t used_ = 0;
  storage::v1::StepRecord step_;
};

}  // namespace tasker::engine
