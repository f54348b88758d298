#include "service/templates/version_order.h"

#include <vector>

#include <gtest/gtest.h>

namespace tasker::service {
namespace {

TEST(LowerVersion, OrdersAsSemanticVersioningSays) {
  const std::vector<const char*> ascending = {"",
                                              "latest",
                                              "v1",
                                              "0.1.0",
                                              "1.0.0-alpha",
                                              "1.0.0-alpha.1",
                                              "1.0.0-alpha.beta",
                                              "1.0.0-beta.2",
                                              "1.0.0-beta.11",
                                              "1.0.0-rc.1",
                                              "1.0.0",
                                              "1.2.0",
                                              "1.10.0",
                                              "2.0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(LowerVersion(ascending[i], ascending[j]), i < j)
          << ascending[i] << " and " << ascending[j];
    }
  }
}

}  // namespace
}  // namespace tasker::service
