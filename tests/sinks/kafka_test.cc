// Kafka, with the cluster that librdkafka itself plays.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <nlohmann/json.hpp>

#include "clients/sinks/kafka_target.h"
#include "tests/sinks/cloud_event_check.h"
#include "tests/sinks/running_sink.h"
#include "tests/sinks/temporary_folder.h"

namespace tasker::sinks {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Record {
  std::string key;
  std::string value;
  std::string content_type;
};

// One broker in this process.
class Cluster {
 public:
  Cluster() {
    char error[512] = "";
    host_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    if (host_ == nullptr) throw std::runtime_error(error);
    cluster_ = rd_kafka_mock_cluster_new(host_, 1);
    rd_kafka_mock_topic_create(cluster_, "events", 3, 1);
  }
  ~Cluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(host_);
  }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  rd_kafka_mock_cluster_t* get() const { return cluster_; }

  // The first `count` records, of each partition in their order.
  std::vector<Record> Read(std::size_t count) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers().c_str(), nullptr, 0);
    rd_kafka_conf_set(conf, "group.id", "test", nullptr, 0);
    rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", nullptr, 0);
    rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
    rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(3);
    for (int i = 0; i < 3; ++i) {
      rd_kafka_topic_partition_list_add(all, "events", i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(consumer, all);
    rd_kafka_topic_partition_list_destroy(all);
    std::vector<Record> records;
    const TimePoint until = Patiently();
    while (records.size() < count && std::chrono::steady_clock::now() < until) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 100);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) records.push_back(RecordOf(message));
      rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return records;
  }

 private:
  static Record RecordOf(rd_kafka_message_t* message) {
    Record record;
    if (message->key != nullptr) {
      record.key.assign(static_cast<const char*>(message->key), message->key_len);
    }
    record.value.assign(static_cast<const char*>(message->payload), message->len);
    rd_kafka_headers_t* headers = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, "content-type", &value, &size) ==
            RD_KAFKA_RESP_ERR_NO_ERROR) {
      record.content_type.assign(static_cast<const char*>(value), size);
    }
    return record;
  }

  rd_kafka_t* host_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

std::string SinkYaml(const Cluster& cluster, const std::string& more = "",
                     const std::string& properties = "linger.ms: 1") {
  return "{name: s, target: {kafka: {brokers: ['" + cluster.brokers() +
         "'], topic: events, properties: {" + properties + "}}}, retries: {first: 1ms, max: 20ms}" +
         more + "}";
}

TEST(Kafka, Events_AreRecordsWithTheTaskAsTheirKey) {
  Cluster cluster;
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(cluster)));
  constexpr std::uint64_t kEvents = 60;
  for (std::uint64_t i = 1; i <= kEvents; ++i) {
    service.Publish(MakeEvent(i, "task-" + std::to_string(i % 5)));
  }
  service.AwaitAcknowledged("0-" + std::to_string(kEvents) + "-0");
  const std::vector<Record> records = cluster.Read(kEvents);
  ASSERT_THAT(records, SizeIs(kEvents)) << "all are there by the time they are acknowledged";
  std::map<std::string, std::string> last;
  for (const Record& record : records) {
    const json event = json::parse(record.value);
    EXPECT_EQ(WhyNoCloudEvent(event), "");
    EXPECT_EQ(event["taskid"], record.key);
    EXPECT_EQ(record.content_type, "application/cloudevents+json; charset=utf-8");
    EXPECT_GT(event["sequence"].get<std::string>(), last[record.key]) << "in the task's order";
    last[record.key] = event["sequence"];
  }
}

TEST(Kafka, BrokersErrors_AreTriedAgain) {
  Cluster cluster;
  // What librdkafka does not try again by itself.
  rd_kafka_mock_push_request_errors(cluster.get(), 0 /* Produce */, 2,
                                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(cluster)));
  service.Publish(MakeEvent(1, "t"));
  service.Publish(MakeEvent(2, "t"));
  service.AwaitAcknowledged("0-2-0");
  EXPECT_GE(running.series.failed.Value(), 1);
  const std::vector<Record> records = cluster.Read(2);
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(json::parse(records[0].value)["id"], "event-1");
  EXPECT_EQ(json::parse(records[1].value)["id"], "event-2");
}

TEST(Kafka, EventThatIsTooLarge_IsADeadLetterAtOnce) {
  Cluster cluster;
  FakeEventService service;
  TemporaryFolder folder;
  RunningSink running(service,
                      SinkOf(SinkYaml(cluster, ", dead_letter: {file: '" + folder.File("d") + "'}",
                                      "message.max.bytes: 2000")));
  service.Publish(MakeEvent(1, "t", "order.paid", "{\"x\":\"" + std::string(5000, 'x') + "\"}"));
  service.Publish(MakeEvent(2, "t"));
  service.AwaitAcknowledged("0-2-0");
  const std::vector<std::string> letters = LinesOf(folder.File("d"));
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(json::parse(letters[0])["attempts"], 1);
  EXPECT_THAT(std::string(json::parse(letters[0])["error"]), HasSubstr("too large"));
}

TEST(Kafka, BrokerThatIsAway_IsWaitedFor) {
  Cluster cluster;
  rd_kafka_mock_broker_set_down(cluster.get(), 1);
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(cluster, "",
                                               "reconnect.backoff.ms: 10, "
                                               "reconnect.backoff.max.ms: 50")));
  service.Publish(MakeEvent(1, "t"));
  while (running.sink->health().in_flight < 1) std::this_thread::yield();
  EXPECT_EQ(service.acknowledged(), "");
  rd_kafka_mock_broker_set_up(cluster.get(), 1);
  service.AwaitAcknowledged("0-1-0");
  EXPECT_THAT(cluster.Read(1), SizeIs(1));
}

TEST(Kafka, Stop_DoesNotWaitForABrokerThatIsAway) {
  Cluster cluster;
  rd_kafka_mock_broker_set_down(cluster.get(), 1);
  FakeEventService service;
  RunningSink running(service, SinkOf(SinkYaml(cluster)));
  service.Publish(MakeEvent(1, "t"));
  while (running.sink->health().in_flight < 1) std::this_thread::yield();
  running.sink->BeginStop();
  EXPECT_FALSE(running.sink->AwaitStopped(std::chrono::steady_clock::now()));
  EXPECT_EQ(service.acknowledged(), "");
}

TEST(Kafka, Properties_AreCheckedByTheLibrary) {
  Cluster cluster;
  const auto said = ToString(CheckTarget(
      SinkOf(SinkYaml(cluster, "", "compression.tpye: lz4, acks: many")), "sinks.yaml"));
  EXPECT_THAT(said, HasSubstr("No such configuration property: \"compression.tpye\""));
  EXPECT_THAT(said, HasSubstr("sinks.yaml:1:"));
  EXPECT_THAT(said, HasSubstr("target.kafka.properties.acks"));
  // Each is right, but they contradict one another.
  EXPECT_THAT(ToString(CheckTarget(SinkOf(SinkYaml(cluster, "", "acks: 1")), "sinks.yaml")),
              HasSubstr("idempotence"));
  EXPECT_EQ(ToString(CheckTarget(SinkOf(SinkYaml(cluster)), "sinks.yaml")), "");
}

}  // namespace
}  // namespace tasker::sinks
