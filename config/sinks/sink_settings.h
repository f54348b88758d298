// What the section `sinks` of a settings file says: which events go where.
//
// Plain values, for clients/sinks; nothing here knows of HTTP, NATS or Kafka.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/yaml/place.h"

namespace tasker::config {

// `filter`: as EventFilter of the contract, which says what each means.
struct SinkFilter {
  std::vector<std::string> names;
  std::vector<std::string> categories;
  std::string namespace_name;
  std::string task_name;
  std::vector<std::string> task_ids;
  std::vector<std::uint32_t> priorities;
  std::vector<std::string> tags;
  std::string where;

  bool operator==(const SinkFilter&) const = default;
};

// `cloudevents`: how events are written as CloudEvents.
struct CloudEventSettings {
  // `source`: before `/NAMESPACE`.
  std::string source = "/tasker";
  // `type_prefix`: before the event's name.
  std::string type_prefix = "tasker.";

  bool operator==(const CloudEventSettings&) const = default;
};

// `retries`: how attempts to deliver are spaced.
struct SinkRetries {
  // `attempts`: of one event, before it goes to the dead letters; 0: without end. Only with dead
  // letters, as nothing is ever dropped.
  std::uint32_t attempts = 0;
  // `first`: delay before the second attempt.
  std::chrono::milliseconds first = std::chrono::seconds(1);
  // `multiplier`: each delay by the one before.
  double multiplier = 2.0;
  // `max`: no delay is longer, one that the other side asks for included.
  std::chrono::milliseconds max = std::chrono::minutes(5);
  // `jitter`: share of a delay by which chance may lengthen or shorten it, 0 to 1.
  double jitter = 0.2;

  bool operator==(const SinkRetries&) const = default;
};

// `webhook`: HTTP POST.
struct WebhookSettings {
  std::string url;
  // Sent with each request.
  std::vector<std::pair<std::string, std::string>> headers;
  // `secret`, or `secrets`, of which the first is the newest: each signs. The bytes, decoded.
  std::vector<std::string> secrets;
  // `timeout`: of one request.
  std::chrono::milliseconds timeout = std::chrono::seconds(15);
  // `concurrency`: requests at one time.
  std::uint32_t concurrency = 8;
  // `batch`: events in a request, at most; over 1 they come as a JSON list.
  std::uint32_t batch = 1;
  // `ca`: whose certificates are trusted, a PEM file; empty: the system's.
  std::string ca_file;

  bool operator==(const WebhookSettings&) const = default;
};

// `nats`.
struct NatsSettings {
  // nats://host:port or tls://host:port.
  std::vector<std::string> servers;
  // With {namespace}, {name}, {task_name} and {task_id} filled in.
  std::string subject;
  // `jetstream`: wait for a stream's acknowledgement; otherwise that the server has read it.
  bool jetstream = true;
  // `timeout`: for that.
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  // `credentials`: {file}, {user, password} or {token}.
  std::string credentials_file;
  std::string user;
  std::string password;
  std::string token;
  // `tls`: {ca, certificate, key}, PEM files.
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;

  bool operator==(const NatsSettings&) const = default;
};

// One of librdkafka's properties.
struct KafkaProperty {
  std::string name;
  std::string value;
  Place place;

  bool operator==(const KafkaProperty&) const = default;
};

// `kafka`.
struct KafkaSettings {
  // host:port.
  std::vector<std::string> brokers;
  std::string topic;
  // `timeout`: how long one attempt takes at most, librdkafka's own tries included.
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  // `properties`: what else librdkafka is to be told.
  std::vector<KafkaProperty> properties;

  bool operator==(const KafkaSettings&) const = default;
};

// `stdout`: a line for each event.
struct StdoutSettings {
  bool operator==(const StdoutSettings&) const = default;
};

// `file`: likewise, to a file.
struct FileSettings {
  std::string path;

  bool operator==(const FileSettings&) const = default;
};

using SinkTarget =
    std::variant<WebhookSettings, NatsSettings, KafkaSettings, StdoutSettings, FileSettings>;

// One sink.
struct SinkSettings {
  // `name`: also of its named subscription.
  std::string name;
  SinkFilter filter;
  // `start`: `earliest` or `now`, for when its subscription is made.
  bool from_earliest = false;
  // `in_flight`: events taken and not acknowledged, at most.
  std::uint32_t in_flight = 1000;
  // `ack_timeout`: after how long without acknowledgement another process may take an event.
  std::chrono::milliseconds ack_timeout = std::chrono::minutes(10);
  CloudEventSettings cloudevents;
  SinkRetries retries;
  // `dead_letter.file`: where what cannot be delivered is written; empty: it is tried for ever.
  std::string dead_letter_file;
  SinkTarget target;
  // Where the file says so.
  Place place;

  bool operator==(const SinkSettings&) const = default;
};

}  // namespace tasker::config
