#include "clients/cli/terminal_text.h"

#include "gtest/gtest.h"

namespace tasker::cli {
namespace {

TEST(EscapeControls, LeavesOrdinaryTextOfAnyScriptAlone) {
  EXPECT_EQ(EscapeControls("Bücher ✔ 注文 🛒"), "Bücher ✔ 注文 🛒");
}

TEST(EscapeControls, WritesOutWhatCouldDriveTheTerminal) {
  EXPECT_EQ(EscapeControls("a\x1b[31mb\r\n\tc\x07\x7f"), "a\\x1b[31mb\\r\\n\\tc\\x07\\x7f");
}

TEST(EscapeControls, WritesOutTheC1ControlsThatSomeTerminalsObey) {
  EXPECT_EQ(EscapeControls("\xc2\x9b"
                           "31m"),
            "\\x9b31m");
}

TEST(EscapeControls, WritesOutDirectionOverrides) {
  EXPECT_EQ(EscapeControls("pay\xe2\x80\xae"
                           "100"),
            "pay\\u202e100");
}

TEST(EscapeControls, WritesOutBytesThatAreNotUtf8) {
  EXPECT_EQ(EscapeControls("a\xff"
                           "b\xc3"),
            "a\\xffb\\xc3");
  EXPECT_EQ(EscapeControls("\xc0\x8a"), "\\xc0\\x8a") << "an overlong line feed";
  EXPECT_EQ(EscapeControls("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(EscapeControls("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond Unicode";
}

TEST(EscapeControlsInLines, KeepsOnlyLineFeeds) {
  EXPECT_EQ(EscapeControlsInLines("one\r\ntwo\x1b"), "one\\r\ntwo\\x1b");
}

TEST(DisplayWidth, CountsCellsNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("Bü✔"), 3);
  EXPECT_EQ(DisplayWidth("注文"), 4);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1) << "a combining accent takes no cell";
}

TEST(CutToWidth, LeavesWhatFits) {
  EXPECT_EQ(CutToWidth("abcde", 5), "abcde");
  EXPECT_EQ(CutToWidth("", 5), "");
}

TEST(CutToWidth, EndsWhatWasCutWithAnEllipsisInsideTheWidth) {
  EXPECT_EQ(CutToWidth("abcdef", 5), "abcd…");
  EXPECT_EQ(CutToWidth("abcdef", 1), "…");
  EXPECT_EQ(CutToWidth("abcdef", 0), "");
}

TEST(CutToWidth, NeverCutsAWideCharacterInTwo) {
  EXPECT_EQ(CutToWidth("注文注文", 4), "注…");
  EXPECT_EQ(CutToWidth("注文注文", 5), "注文…");
}

TEST(Pad, FillsUpToCells) {
  EXPECT_EQ(PadRight("ü", 3), "ü  ");
  EXPECT_EQ(PadLeft("注", 3), " 注");
  EXPECT_EQ(PadRight("long", 2), "long");
}

}  // namespace
}  // namespace tasker::cli
