// The section `sinks`, as tasker-sinks and taskerd read it.
#include "config/settings.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "config/sinks/sinks_reader.h"
#include "tests/sinks/temporary_folder.h"

namespace tasker::config {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSecret[] = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

VariableLookup Variables(std::map<std::string, std::string, std::less<>> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

LoadedSinks Load(const std::string& yaml) {
  return LoadSinks(yaml, "sinks.yaml", Variables({{"SECRET", kSecret}}));
}

// What is wrong with one sink, of which only the target's text is given.
std::string Complaint(const std::string& target) {
  return ToString(Load("sinks:\n- name: x\n  target: " + target + "\n").diagnostics);
}

TEST(SinkSettings, Everything_IsRead) {
  const LoadedSinks loaded = Load(R"(
sinks:
  - name: billing.v1
    filter:
      names: [order.*, task.completed]
      categories: [task, custom]
      namespace: payments
      task_name: order_process
      task_ids: [7d9f8f6e-0000-4000-8000-000000000001]
      priorities: [8, 9]
      tags: [vip]
      where: payload.total > 100
    start: earliest
    in_flight: 50
    ack_timeout: 2m
    cloudevents: {source: "https://t.example", type_prefix: com.example.}
    retries: {attempts: 5, first: 250ms, multiplier: 3, max: 1m, jitter: 0.5}
    dead_letter: {file: /tmp/dead.jsonl}
    target:
      webhook:
        url: https://example.com/hook
        headers: {X-Api-Key: abc}
        secret: ${SECRET}
        timeout: 3s
        concurrency: 4
        batch: 20
)");
  ASSERT_THAT(loaded.diagnostics, IsEmpty()) << ToString(loaded.diagnostics);
  ASSERT_THAT(loaded.sinks, SizeIs(1));
  const SinkSettings& sink = loaded.sinks[0];
  EXPECT_EQ(sink.name, "billing.v1");
  EXPECT_EQ(sink.filter, (SinkFilter{{"order.*", "task.completed"},
                                     {"task", "custom"},
                                     "payments",
                                     "order_process",
                                     {"7d9f8f6e-0000-4000-8000-000000000001"},
                                     {8, 9},
                                     {"vip"},
                                     "payload.total > 100"}));
  EXPECT_TRUE(sink.from_earliest);
  EXPECT_EQ(sink.in_flight, 50u);
  EXPECT_EQ(sink.ack_timeout, std::chrono::minutes(2));
  EXPECT_EQ(sink.cloudevents, (CloudEventSettings{"https://t.example", "com.example."}));
  EXPECT_EQ(sink.retries, (SinkRetries{5, milliseconds(250), 3.0, std::chrono::minutes(1), 0.5}));
  EXPECT_EQ(sink.dead_letter_file, "/tmp/dead.jsonl");
  const auto& webhook = std::get<WebhookSettings>(sink.target);
  EXPECT_EQ(webhook.url, "https://example.com/hook");
  EXPECT_THAT(webhook.headers, ElementsAre(std::pair("X-Api-Key", "abc")));
  EXPECT_THAT(webhook.secrets, ElementsAre("012345678901234567890123"));
  EXPECT_EQ(webhook.timeout, std::chrono::seconds(3));
  EXPECT_EQ(webhook.concurrency, 4u);
  EXPECT_EQ(webhook.batch, 20u);
}

TEST(SinkSettings, Targets_OfEveryKindAreRead) {
  const LoadedSinks loaded = Load(R"(
sinks:
  - {name: a, target: {nats: {servers: "nats://n:4222", subject: "tasker.{namespace}.{name}", jetstream: false, credentials: {user: u, password: p}, tls: {ca: ca.pem}}}}
  - {name: b, target: {kafka: {brokers: [k1:9092, k2:9092], topic: tasker-events, timeout: 5s, properties: {compression.type: lz4}}}}
  - {name: c, target: {stdout: {}}}
  - {name: d, target: {file: {path: events.jsonl}}}
  - name: e
    target:
      stdout:
)");
  ASSERT_THAT(loaded.diagnostics, IsEmpty()) << ToString(loaded.diagnostics);
  ASSERT_THAT(loaded.sinks, SizeIs(5));
  const auto& nats = std::get<NatsSettings>(loaded.sinks[0].target);
  EXPECT_THAT(nats.servers, ElementsAre("nats://n:4222"));
  EXPECT_FALSE(nats.jetstream);
  EXPECT_EQ(nats.user, "u");
  const auto& kafka = std::get<KafkaSettings>(loaded.sinks[1].target);
  EXPECT_THAT(kafka.brokers, ElementsAre("k1:9092", "k2:9092"));
  EXPECT_EQ(kafka.properties[0].name, "compression.type");
  EXPECT_EQ(kafka.properties[0].value, "lz4");
  EXPECT_TRUE(std::holds_alternative<StdoutSettings>(loaded.sinks[2].target));
  EXPECT_EQ(std::get<FileSettings>(loaded.sinks[3].target).path, "events.jsonl");
  EXPECT_TRUE(std::holds_alternative<StdoutSettings>(loaded.sinks[4].target));
}

TEST(SinkSettings, WithoutDeadLetters_AttemptsHaveNoEnd) {
  const LoadedSinks loaded = Load(R"(
sinks:
  - {name: a, target: {stdout: {}}}
  - {name: b, target: {stdout: {}}, dead_letter: {file: b.jsonl}}
)");
  ASSERT_THAT(loaded.sinks, SizeIs(2));
  EXPECT_EQ(loaded.sinks[0].retries.attempts, 0u);
  EXPECT_EQ(loaded.sinks[1].retries.attempts, 12u);
  EXPECT_THAT(
      ToString(
          Load("sinks: [{name: a, target: {stdout: {}}, retries: {attempts: 3}}]").diagnostics),
      HasSubstr("needs `dead_letter"));
}

TEST(SinkSettings, Mistakes_AreToldByTheirPlace) {
  const LoadedSinks loaded =
      Load("sinks:\n  - name: a b\n    fliter: {}\n    target: {stdout: {}}\n");
  EXPECT_EQ(ToString(loaded.diagnostics),
            "sinks.yaml:2:11: error: sinks[0].name: must be letters, digits, `.`, `_` and `-`, at "
            "most 128\n"
            "sinks.yaml:3:5: error: sinks[0].fliter: is not a setting; did you mean `filter`?");
}

TEST(SinkSettings, Targets_AreChecked) {
  EXPECT_THAT(Complaint("{webhok: {url: 'http://x'}}"), HasSubstr("did you mean `webhook`?"));
  EXPECT_THAT(Complaint("{}"), HasSubstr("must be one of webhook, nats, kafka, stdout, file"));
  EXPECT_THAT(Complaint("{stdout: {}, file: {path: x}}"), HasSubstr("must be one of"));
  EXPECT_THAT(Complaint("{webhook: {}}"), HasSubstr("webhook.url: is required"));
  EXPECT_THAT(Complaint("{webhook: {url: 'ftp://x'}}"), HasSubstr("no http or https URL"));
  EXPECT_THAT(Complaint("{webhook: {url: 'http:///x'}}"), HasSubstr("no http or https URL"));
  EXPECT_THAT(Complaint("{webhook: {url: 'http://x', batch: 0}}"), HasSubstr("from 1 to 1000"));
  EXPECT_THAT(Complaint("{webhook: {url: 'http://x', timeout: soon}}"),
              HasSubstr("not a duration"));
  EXPECT_THAT(Complaint("{webhook: {url: 'http://x', headers: {Webhook-Id: x}}}"),
              HasSubstr("the sink's own"));
  EXPECT_THAT(Complaint("{webhook: {url: 'http://x', headers: {X: \"a\\nb\"}}}"),
              HasSubstr("no header can hold"));
  EXPECT_THAT(Complaint("{nats: {subject: x}}"), HasSubstr("nats.servers: is required"));
  EXPECT_THAT(Complaint("{nats: {servers: x, subject: 'a.{nmae}'}}"),
              HasSubstr("is none of {namespace}, {name}, {task_name}, {task_id}"));
  EXPECT_THAT(Complaint("{nats: {servers: x, subject: 'a..b'}}"), HasSubstr("parts with points"));
  EXPECT_THAT(Complaint("{nats: {servers: x, subject: 'a.>'}}"), HasSubstr("parts with points"));
  EXPECT_THAT(Complaint("{nats: {servers: x, subject: a, credentials: {user: u}}}"),
              HasSubstr("give one of"));
  EXPECT_THAT(Complaint("{kafka: {topic: x}}"), HasSubstr("kafka.brokers: is required"));
  EXPECT_THAT(Complaint("{kafka: {brokers: x, topic: 'a b'}}"), HasSubstr("must be letters"));
  EXPECT_THAT(Complaint("{kafka: {brokers: x, topic: a, properties: {bootstrap.servers: y}}}"),
              HasSubstr("is said by `brokers`"));
  EXPECT_THAT(Complaint("{file: {}}"), HasSubstr("file.path: is required"));
}

TEST(SinkSettings, Secrets_AreNeverShown) {
  for (const char* secret : {"whsec_dG9vIHNob3J0", "topsecretwithoutprefix", "whsec_???"}) {
    const std::string said =
        Complaint(std::string("{webhook: {url: 'http://x', secret: '") + secret + "'}}");
    EXPECT_THAT(said, HasSubstr("openssl rand -base64 32")) << secret;
    EXPECT_THAT(said, ::testing::Not(HasSubstr(secret)));
  }
}

TEST(SinkSettings, Secrets_MayBeSeveral) {
  const LoadedSinks loaded = Load(
      "sinks: [{name: a, target: {webhook: {url: 'http://x', secrets: ['${SECRET}', "
      "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4]}}}]");
  ASSERT_THAT(loaded.diagnostics, IsEmpty()) << ToString(loaded.diagnostics);
  EXPECT_THAT(std::get<WebhookSettings>(loaded.sinks[0].target).secrets,
              ElementsAre("012345678901234567890123", "abcdefghijklmnopqrstuvwx"));
}

TEST(SinkSettings, Sinks_HaveTheirOwnNamesAndFiles) {
  const std::string said = ToString(Load(R"(
sinks:
  - {name: a, target: {file: {path: x}}}
  - {name: a, target: {stdout: {}}, dead_letter: {file: x}}
)")
                                        .diagnostics);
  EXPECT_THAT(said, HasSubstr("is the name of a sink before it"));
  EXPECT_THAT(said, HasSubstr("the file x is written to already"));
}

TEST(SinkSettings, UnsetVariable_IsAnErrorToTheProgramThatNeedsIt) {
  const std::string said =
      Complaint("{webhook: {url: 'http://x', secret: '${NOT_SET}', timeout: '${T}'}}");
  EXPECT_THAT(said, HasSubstr("the variable NOT_SET is not set"));
  EXPECT_THAT(said, HasSubstr("the variable T is not set"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("duration")));
}

TEST(SinkSettings, TaskerdChecksThemWithoutTheirSecrets) {
  const std::string right =
      "sinks:\n- name: a\n  filter: {priorities: ['${P}']}\n"
      "  target: {webhook: {url: '${URL}', secret: '${NOT_SET}', timeout: '${T}'}}\n";
  EXPECT_THAT(LoadSettings(right, "tasker.yaml", Variables({})).diagnostics, IsEmpty());
  const std::string wrong = "sinks:\n- name: a\n  target: {webhook: {urll: 'http://x'}}\n";
  EXPECT_THAT(ToString(LoadSettings(wrong, "tasker.yaml", Variables({})).diagnostics),
              HasSubstr("tasker.yaml:3:22: error: sinks[0].target.webhook.urll: is not a setting; "
                        "did you mean `url`?"));
}

TEST(SinkSettings, TaskerdsOwnFileMayBeUsed) {
  const std::string shipped = sinks::ReadFile(TASKER_ROOT "/config/tasker.yaml");
  ASSERT_THAT(shipped, HasSubstr("listen:"));
  std::string said = ToString(Load(shipped).diagnostics);
  EXPECT_THAT(said, HasSubstr("there is no sink")) << "its other sections are known";
  EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  EXPECT_THAT(ToString(Load("sink: []").diagnostics), HasSubstr("did you mean `sinks`?"));
}

TEST(SinkSettings, ShippedExample_IsRight) {
  const std::string example = sinks::ReadFile(TASKER_ROOT "/config/sinks.yaml");
  const LoadedSinks loaded = LoadSinks(
      example, "config/sinks.yaml",
      Variables({{"WEBHOOK_SECRET", kSecret}, {"KAFKA_PASSWORD", "p"}, {"NATS_PASSWORD", "p"}}));
  EXPECT_THAT(loaded.diagnostics, IsEmpty()) << ToString(loaded.diagnostics);
  EXPECT_THAT(loaded.sinks, SizeIs(5));
}

TEST(SinkSettings, Hostile_TextsEndInErrors) {
  for (const char* text :
       {"", "sinks:", "sinks: 5", "sinks: [5]", "sinks: [[]]", "sinks: [{}]", "sinks: {}",
        "sinks: [{name: [], target: [], filter: 3}]", "&a [*a]", "sinks: [{target: {webhook: 1}}]",
        "sinks: [{name: a, target: {kafka: {brokers: {}, properties: []}}}]"}) {
    EXPECT_TRUE(HasErrors(Load(text).diagnostics)) << text;
  }
}

}  // namespace
}  // namespace tasker::config
