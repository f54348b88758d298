// A GoogleTest fixture with a real service; the header alone needs GoogleTest.
#pragma once

#include <memory>

#include "gtest/gtest.h"

#include "tasker/testkit/taskerd_server.h"

namespace tasker::testkit {

// Derive from it, or use it as it is: TEST_F(TaskerdFixture, ...). The tests of a suite share one
// service, which is started by the first.
class TaskerdFixture : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { shared_ = std::make_unique<TaskerdServer>(); }
  static void TearDownTestSuite() { shared_.reset(); }

  static TaskerdServer& taskerd() { return *shared_; }

 private:
  inline static std::unique_ptr<TaskerdServer> shared_;
};

}  // namespace tasker::testkit
