#include "clients/cli/live_screen.h"

#include <sstream>

#include "gtest/gtest.h"

#include "clients/cli/styled_line.h"

namespace tasker::cli {
namespace {

class LiveScreenTest : public testing::Test {
 protected:
  std::string Draw(const std::vector<std::string>& lines, int width) {
    out_.str("");
    screen_.Draw(lines, width);
    return out_.str();
  }

  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  Console console_{.in = in_, .out = out_, .err = err_, .out_is_terminal = true};
  LiveScreen screen_{console_};
};

TEST_F(LiveScreenTest, DrawsTheFirstTimeBelowWhatIsThere) {
  EXPECT_EQ(Draw({"one", "two"}, 80), "one\x1b[K\ntwo\x1b[K\n\x1b[J");
}

TEST_F(LiveScreenTest, GoesBackOverItsOwnLinesAndClearsWhatIsLeft) {
  Draw({"one", "two"}, 80);
  EXPECT_EQ(Draw({"three"}, 80), "\x1b[2A\rthree\x1b[K\n\x1b[J");
  EXPECT_EQ(Draw({}, 80), "\x1b[1A\r\x1b[J");
}

TEST_F(LiveScreenTest, CountsTheRowsThatANarrowerTerminalMadeOfItsLines) {
  Draw({"1234567890", "\x1b[32m✔\x1b[0m"}, 80);
  EXPECT_EQ(Draw({"x"}, 4), "\x1b[4A\rx\x1b[K\n\x1b[J") << "three rows and one";
}

TEST(StyledLine, CutsPlainAndColouredTextAtTheSameCell) {
  const auto line = StyledLine().Add("abc", Style::kRed).Add("def").Add("ghi", Style::kDim);
  EXPECT_EQ(line.ToString(0, false), "abcdefghi");
  EXPECT_EQ(line.ToString(9, false), "abcdefghi");
  EXPECT_EQ(line.ToString(8, false), "abcdefg…");
  EXPECT_EQ(line.ToString(6, false), "abcde…");
  EXPECT_EQ(line.ToString(5, true), "\x1b[31mabc\x1b[0md…");
  EXPECT_EQ(line.ToString(2, true), "\x1b[31ma…\x1b[0m");
}

TEST(StyledLine, LeavesNoBlanksAtItsEnd) {
  EXPECT_EQ(StyledLine().Add("ab  ").Add("  ").ToString(0, false), "ab");
  EXPECT_EQ(StyledLine().Add("ab ", Style::kRed).Add(" ").ToString(3, true), "\x1b[31mab\x1b[0m");
}

}  // namespace
}  // namespace tasker::cli
