// The calls that stream records out and in, a piece at a time on the thread of maintenance.
#pragma once

#include <grpcpp/grpcpp.h>

#include "service/maintenance/maintenance.h"
#include "service/transfer/exporter.h"
#include "service/transfer/importer.h"
#include "tasker/v1/admin_service.pb.h"

namespace tasker::service {

// Both return a call that deletes itself at its end. `maintenance` must outlive it.
grpc::ServerWriteReactor<v1::ExportRecordsResponse>* BeginExport(Exporter exporter,
                                                                 Maintenance* maintenance);
// `response` lives as long as the call.
grpc::ServerReadReactor<v1::ImportRecordsRequest>* BeginImport(Importer importer,
                                                               Maintenance* maintenance,
                                                               v1::ImportRecordsResponse* response);

}  // namespace tasker::service
