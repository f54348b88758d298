// Small pictures in every format, to the letter, and names that would rather be syntax.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cli/graph/dot_text.h"
#include "clients/cli/graph/mermaid_text.h"
#include "clients/cli/graph/svg_picture.h"
#include "clients/cli/graph/text_picture.h"
#include "tests/cli/graph/picture_builder.h"

namespace tasker::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Picture HostilePicture() {
  Picture picture = MakePicture(HostileNames(), {{0, 1}, {0, 2}});
  picture.title = "default.\x1b]0;x\x07<&>@1";
  for (std::size_t i = 0; i < picture.nodes.size(); ++i) {
    picture.nodes[i].notes = {"when " + picture.nodes[i].name};
  }
  return picture;
}

// No byte that drives a terminal, and nothing that reorders text.
void ExpectTame(const std::string& text) {
  for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(text, Not(HasSubstr("\xff")));
}

TEST(MermaidText, DrawsEveryKind) {
  const std::string text = MermaidText(FlowPicture());
  EXPECT_THAT(text, HasSubstr("flowchart TD\n  %% default.t@1.0.0\n  %% thick: critical path\n"));
  EXPECT_THAT(text, HasSubstr("  n0[\"fetch\"]:::handler\n"
                              "  n1{\"route<br/>decision\"}:::decision\n"
                              "  n2([\"wait<br/>waits 24h\"]):::wait\n"
                              "  n3[/\"each<br/>for each context#46;items\"/]:::handler\n"
                              "  n4[[\"sub<br/>runs default#46;pay\"]]:::subtask\n"
                              "  n5>\"refund<br/>undoes each\"]:::undo\n"
                              "  n6{{\"alert<br/>on failure\"}}:::failure\n"
                              "  n0 ==> n1\n"
                              "  n1 ==> n2\n"
                              "  n1 -.-> n3\n"
                              "  n2 ==> n4\n"
                              "  n3 --> n4\n"
                              "  n3 -. undoes .-> n5\n"
                              "  class n0,n1,n2,n4 critical\n"
                              "  linkStyle 0,1,3 stroke:#ea580c\n"));
}

TEST(MermaidText, LeavesNothingInNamesToSyntax) {
  const std::string text = MermaidText(HostilePicture());
  ExpectTame(text);
  EXPECT_THAT(text,
              HasSubstr("n1[\"#60;/text#62;#60;script#62;alert#40;1#41;#60;/script#62;<br/>"));
  EXPECT_THAT(text, HasSubstr("n2[\"a#34;#93;#59; n9 #45;#45;#62; n0 #37;#37;#123;init#58; "));
  EXPECT_THAT(text, HasSubstr("n0[\"#92;x1b#91;2J#92;x07<br/>"));
  EXPECT_THAT(text, HasSubstr("#96;#42;#42;bold#42;#42;#96; #36;#36;x#94;2#36;#36; #35;quot#59;"));
  EXPECT_THAT(text, Not(HasSubstr("%%{")));
}

TEST(DotText, DrawsEveryKind) {
  const std::string text = DotText(FlowPicture());
  EXPECT_THAT(text, HasSubstr("digraph \"default.t@1.0.0\" {\n"));
  EXPECT_THAT(text, HasSubstr("  n1 [label=\"route\\ndecision\", shape=diamond, style=\"filled\", "
                              "fillcolor=\"#fef3c7\", color=\"#ea580c\", penwidth=2.6];\n"));
  EXPECT_THAT(text, HasSubstr("n2 [label=\"wait\\nwaits 24h\", shape=ellipse,"));
  EXPECT_THAT(text, HasSubstr("n3 [label=\"each\\nfor each context.items\", shape=box3d,"));
  EXPECT_THAT(text,
              HasSubstr("n5 [label=\"refund\\nundoes each\", shape=note, style=\"filled,dashed\""));
  EXPECT_THAT(text, HasSubstr("n6 [label=\"alert\\non failure\", shape=octagon,"));
  EXPECT_THAT(text, HasSubstr("  n0 -> n1 [color=\"#ea580c\", penwidth=2.6];\n"));
  EXPECT_THAT(text, HasSubstr("  { rank=sink; n6; }\n"));
  EXPECT_THAT(text, HasSubstr("  n1 -> n3 [style=dashed];\n"));
  EXPECT_THAT(text, HasSubstr("  n3 -> n5 [style=dotted, color=\"#e11d48\", label=\"undoes\"];\n"));
}

TEST(DotText, LeavesNothingInNamesToSyntax) {
  const std::string text = DotText(HostilePicture());
  ExpectTame(text);
  EXPECT_THAT(text, HasSubstr("[label=\"\\\\x1b[2J\\\\x07\\nwhen "));
  EXPECT_THAT(text, HasSubstr("[label=\"a\\\"]; n9 --> n0 %%{init"));
  EXPECT_THAT(text, HasSubstr("[label=\"\\\\N\\\\l &amp;lt; \\\"quoted\\\"\\nwhen "));
}

TEST(DrawSvg, DrawsEveryKindAndALegendOfThem) {
  const std::string svg = DrawSvg(FlowPicture(), Direction::kDown);
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\""));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  for (const char* text :
       {">fetch</text>", ">route</text>", ">decision</text>", ">waits 24h</text>",
        ">for each context.items</text>", ">runs default.pay</text>", ">undoes each</text>",
        ">critical path</text>", ">chosen by a decision</text>", ">undoes after a failure</text>",
        ">runs another task</text>", ">once for each item</text>", "class=\"e choice a\"",
        "class=\"e undoes a\"", "class=\"e choice c a\"", "class=\"b decision c\""}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  EXPECT_THAT(svg, Not(HasSubstr("href")));
}

TEST(DrawSvg, ShowsStatesInWordsAndColours) {
  Picture picture = MakePicture({"a", "b"}, {{0, 1}});
  picture.nodes[0].state = v1::STEP_STATE_COMPLETE;
  picture.nodes[0].state_note = "1.5s";
  picture.nodes[1].state = v1::STEP_STATE_ERROR;
  picture.subtitle = "task 1: error";
  const std::string svg = DrawSvg(picture, Direction::kAuto);
  for (const char* text : {">complete, 1.5s</text>", "class=\"b complete\"", "class=\"b error\"",
                           ">complete (1)</text>", ">error (1)</text>", ">task 1: error</text>"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
}

TEST(DrawSvg, LeavesNothingInNamesToSyntax) {
  const std::string svg = DrawSvg(HostilePicture(), Direction::kRight);
  ExpectTame(svg);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, HasSubstr("&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(svg, HasSubstr(">\\x1b[2J\\x07</text>"));
  EXPECT_THAT(svg, HasSubstr(">\\uffff</text>"));
  EXPECT_THAT(svg, HasSubstr(">\\u202edesrever</text>"));
}

TEST(DrawSvg, CutsLongNamesInTheMiddleAndTellsThemWhole) {
  const std::string name = std::string(60, 'a') + "_the_end";
  const std::string svg = DrawSvg(MakePicture({name}, {}), Direction::kAuto);
  EXPECT_THAT(svg, HasSubstr("<title>" + name + "</title>"));
  EXPECT_THAT(svg, HasSubstr("…aaaaaaaaaaaa_the_end</text>"));
}

TEST(DrawText, DrawsBoxesAndLines) {
  EXPECT_EQ(DrawText(FlowPicture(), {TextStyle::kUnicode, 80}),
            "default.t@1.0.0\n"
            "critical path: heavy frames\n"
            "\n"
            "             ┏━━━━━━━┓\n"
            "             ┃ fetch ┃\n"
            "             ┗━━━┯━━━┛\n"
            "                 ▼\n"
            "           ┏━━━━━━━━━━━┓\n"
            "           ┃   route   ┃\n"
            "           ┃ decision  ┃\n"
            "           ┗━━━━━┯━━━━━┛\n"
            "      ┌──────────┴──────────┐\n"
            "      ▼                     ▼\n"
            "┏━━━━━━━━━━━┓  ┌─────────────────────────┐\n"
            "┃   wait    ┃  │          each           │\n"
            "┃ waits 24h ┃  │ for each context.items  │\n"
            "┗━━━━━┯━━━━━┛  └────────────┬────────────┘\n"
            "      └──────┐ ┌────────────┴─────┐\n"
            "             ▼ ▼                  ▼\n"
            "    ┏━━━━━━━━━━━━━━━━━━━┓  ┌─────────────┐\n"
            "    ┃        sub        ┃  │   refund    │\n"
            "    ┃ runs default.pay  ┃  │ undoes each │\n"
            "    ┗━━━━━━━━━━━━━━━━━━━┛  └─────────────┘\n"
            "\n"
            "┌─────────────┐\n"
            "│    alert    │\n"
            "│ on failure  │\n"
            "└─────────────┘\n");
}

TEST(DrawText, DrawsInAsciiAlone) {
  const std::string text = DrawText(FlowPicture(), {TextStyle::kAscii, 80});
  for (const char c : text) EXPECT_LT(static_cast<unsigned char>(c), 0x80) << text;
  EXPECT_THAT(text, HasSubstr("#===+===#"));
}

TEST(DrawText, ListsWhatDoesNotFit) {
  EXPECT_EQ(DrawText(FlowPicture(), {TextStyle::kAscii, 40}),
            "default.t@1.0.0\n"
            "critical path: *\n"
            "\n"
            "level 1\n"
            "  * fetch\n"
            "level 2\n"
            "  * route  (decision) <- fetch\n"
            "level 3, 2 side by side\n"
            "  * wait  (waits 24h) <- route\n"
            "  o each  (for each context.items) <- r…\n"
            "level 4\n"
            "  * sub  (runs default.pay) <- wait, ea…\n"
            "after a failure\n"
            "  o refund  (undoes each)\n"
            "  o alert   (on failure)\n");
}

TEST(DrawText, LeavesNothingInNamesToTheTerminal) {
  ExpectTame(DrawText(HostilePicture(), {TextStyle::kUnicode, 400}));
  ExpectTame(DrawText(HostilePicture(), {TextStyle::kAscii, 60}));
}

TEST(DrawText, ShowsStatesByName) {
  Picture picture = MakePicture({"a", "b"}, {{0, 1}});
  picture.nodes[0].state = v1::STEP_STATE_WAITING_FOR_RETRY;
  picture.nodes[1].state = v1::STEP_STATE_PENDING;
  const std::string text = DrawText(picture, {TextStyle::kAscii, 80});
  EXPECT_THAT(text, HasSubstr("| [waiting_for_retry] |"));
  EXPECT_THAT(text, HasSubstr("| [pending] |"));
}

// Lines of different steps that cross are not joined, and those that meet reach a step side by
// side.
TEST(DrawText, TellsCrossingsFromJoints) {
  const auto boxes = DrawTextBoxes(
      MakePicture({"a", "b", "c", "d", "e"}, {{0, 2}, {0, 3}, {0, 4}, {1, 2}, {1, 4}}),
      {TextStyle::kUnicode, 80});
  ASSERT_TRUE(boxes.has_value());
  EXPECT_EQ(*boxes,
            "      ┌───┐  ┌───┐\n"
            "      │ a │  │ b │\n"
            "      └─┬─┘  └─┬─┘\n"
            "        │ ┌────┴─┐\n"
            "  ┌─────┼─│────┐ │\n"
            "  ▼     ▼ ▼    ▼ ▼\n"
            "┌───┐  ┌───┐  ┌───┐\n"
            "│ d │  │ c │  │ e │\n"
            "└───┘  └───┘  └───┘\n");
}

}  // namespace
}  // namespace tasker::cli
