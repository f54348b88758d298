#include "service/tasks/new_task_id.h"

#include <string_view>

#include <uuid/uuid.h>

namespace tasker::service {

engine::TaskId NewTaskId() {
  uuid_t bytes;
  uuid_generate_random(bytes);
  return *engine::TaskId::FromBytes({reinterpret_cast<const char*>(bytes), sizeof(bytes)});
}

}  // namespace tasker::service
