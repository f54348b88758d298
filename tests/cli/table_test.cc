#include "clients/cli/table.h"

#include <sstream>

#include "gtest/gtest.h"

namespace tasker::cli {
namespace {

std::string Printed(const Table& table) {
  std::ostringstream out;
  table.Print(out);
  return out.str();
}

TEST(Table, AlignsColumnsByTheWidestCell) {
  Table table({"NAME", "STATE"});
  table.AddRow({"order_process", "complete"});
  table.AddRow({"pay", "error"});
  EXPECT_EQ(Printed(table),
            "NAME           STATE\n"
            "order_process  complete\n"
            "pay            error\n");
}

TEST(Table, AlignsByCellsWhereBytesWouldMislead) {
  Table table({"A", "B"});
  table.AddRow({"注文", "1"});
  table.AddRow({"übe", "2"});
  EXPECT_EQ(Printed(table),
            "A     B\n"
            "注文  1\n"
            "übe   2\n");
}

TEST(Table, KeepsARowOnOneLineWhateverItsCellsHold) {
  Table table({"A", "B"});
  table.AddRow({"x\ny", "\x1b[2J"});
  EXPECT_EQ(Printed(table),
            "A     B\n"
            "x\\ny  \\x1b[2J\n");
}

TEST(Table, ShowsEmptyCellsAsDashes) {
  Table table({"A", "B"});
  table.AddRow({"", ""});
  EXPECT_EQ(Printed(table), "A  B\n-  -\n");
}

TEST(Table, WithoutRowsIsItsHeadings) { EXPECT_EQ(Printed(Table({"A", "B"})), "A  B\n"); }

}  // namespace
}  // namespace tasker::cli
