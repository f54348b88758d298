// What the service is told by its settings file.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/retention.h"
#include "config/variables.h"

namespace tasker::config {

// How failed attempts are spaced. Formula and defaults: shared FEATURES, "retries".
struct RetrySettings {
  // Delay before attempts 2, 3, ...; beyond the list n to the power `multiplier`, in seconds.
  std::vector<std::chrono::milliseconds> backoff = {
      std::chrono::seconds(1), std::chrono::seconds(2),  std::chrono::seconds(4),
      std::chrono::seconds(8), std::chrono::seconds(16), std::chrono::seconds(32)};
  double multiplier = 2.0;
  // No delay is longer.
  std::chrono::milliseconds backoff_max = std::chrono::seconds(300);
  // Share of a delay by which chance may lengthen or shorten it, 0 to 1; 0: never.
  double jitter = 0.1;

  bool operator==(const RetrySettings&) const = default;
};

// Files of the gRPC door, in PEM; they are read again when they change.
struct TlsSettings {
  // `tls.certificate` and `tls.key`: both, or neither for a door without TLS.
  std::string certificate;
  std::string key;
  // `tls.client_ca`: then every client must show a certificate that this one has signed.
  std::string client_ca;

  bool operator==(const TlsSettings&) const = default;
};

// Settings of `taskerd`, each under the key path given. Durations are written as `30s`, `250ms`,
// `5m`, `1h30m`; sizes as `4MiB`, `64KiB` or a number of bytes.
struct Settings {
  // `listen`: host:port of the gRPC door. Port 0: one that is free.
  std::string listen = "127.0.0.1:7420";
  // `tls`: see there.
  TlsSettings tls;
  // `auth.tokens`: a file of access tokens, of which every call must have one; needs `tls`. Empty:
  // none is asked for.
  std::string access_tokens;
  // `metrics.listen`: host:port of Prometheus's `/metrics`; empty: none.
  std::string metrics_listen = "127.0.0.1:9464";
  // `data`: the folder of the store. Made if missing.
  std::string data = "data";
  // `store.memory`: memory for what is read from the store and not yet written out, in bytes.
  std::uint64_t store_memory_bytes = 64u << 20;
  // `environment`: which `environments` of the templates count.
  std::string environment = "development";
  // `templates`: folder of templates, read with its subfolders at start and whenever something
  // changes in it; empty: none.
  std::string templates;
  // `templates_rescan`: how often that folder is looked at though nothing was said to have changed,
  // for file systems that do not tell; 0: never.
  std::chrono::milliseconds templates_rescan = std::chrono::minutes(1);
  // `strict_variables`: whether a template that refers to a variable that is not set is refused
  // when it is applied.
  bool strict_variables = false;
  // `log.level`: trace, debug, info, warn or error.
  std::string log_level = "info";
  // `handlers.lease`: how long an attempt is kept for a handler that gives no sign of life.
  std::chrono::milliseconds lease = std::chrono::seconds(30);
  // `handlers.heartbeat`: how often handlers are to give one; less than half of `lease`.
  std::chrono::milliseconds heartbeat = std::chrono::seconds(10);
  // `handlers.confirm_within`: how long a handler that confirms assignments has to do so.
  std::chrono::milliseconds confirm_within = std::chrono::seconds(5);
  // `handlers.cancel_grace`: how long a handler has to end an attempt that is cancelled.
  std::chrono::milliseconds cancel_grace = std::chrono::seconds(10);
  // `limits.task_memory`: what open tasks may take of memory; those beyond are read from the store
  // when they are needed.
  std::uint64_t task_memory_bytes = std::uint64_t{512} << 20;
  // `limits.handler_classes`: for each class named, its steps that may run at one time.
  std::map<std::string, std::uint32_t> handler_class_limits;
  // `drain`: how long a stopping service waits for its handlers to finish.
  std::chrono::milliseconds drain = std::chrono::seconds(20);
  // `limits.payload`: largest context or result, in bytes.
  std::uint64_t payload_bytes_max = 4u << 20;
  // `retention`: see there.
  RetentionSettings retention;
  // `backups.folder`: where backups are kept; empty: none can be made.
  std::string backups_folder;
  // `backups.keep`: how many; those before are removed when one is made. 0: all.
  std::uint32_t backups_keep = 0;
  // `events.undeclared`: `allow` or `refuse`; whether handlers and callers may only publish events
  // that a template declares.
  bool refuse_undeclared_events = false;
  // `retry.backoff`, `retry.multiplier`, `retry.backoff_max`, `retry.jitter`.
  RetrySettings retry;

  bool operator==(const Settings&) const = default;
};

// What became of a text.
struct LoadedSettings {
  // Defaults where the text says nothing, or something wrong.
  Settings settings;
  // All mistakes and warnings. An unknown key is an error that names the nearest known one.
  Diagnostics diagnostics;
};

// The keys that a settings file may have at its top.
std::vector<std::string> SettingNames();

// Reads a settings file's text; `${VAR}` is filled in. Never throws. Thread-safe.
//
// `sinks` is checked and nothing more: it is there for `tasker-sinks`, which may be given the same
// file; see sinks/sinks_reader.h.
LoadedSettings LoadSettings(std::string_view yaml, std::string_view source_name,
                            const VariableLookup& variables);

}  // namespace tasker::config
