// What Prometheus is told of templates.
#pragma once

#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "service/templates/template_folder.h"
#include "service/templates/template_registry.h"

namespace tasker::service {

// Asks when it is scraped. What it is given must outlive the scrapes; `folder` is null if there is
// none, and then nothing is told of it.
class TemplateMetrics final : public prometheus::Collectable {
 public:
  TemplateMetrics(const TemplateRegistry* registry, const TemplateFolder* folder)
      : registry_(*registry), folder_(folder) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const TemplateRegistry& registry_;
  const TemplateFolder* const folder_;
};

}  // namespace tasker::service
