// The services of truewire.v1, one translation unit each: only there the generated service code is seen.
#pragma once

#include "api/grpc/calls.h"

#include <grpcpp/impl/codegen/service_type.h>

#include <memory>

namespace tw::api {

std::unique_ptr<grpc::Service> make_neighbor_service(ServiceContext context);
std::unique_ptr<grpc::Service> make_route_service(ServiceContext context);
std::unique_ptr<grpc::Service> make_speaker_service(ServiceContext context);
std::unique_ptr<grpc::Service> make_verify_service(ServiceContext context);

}  // namespace tw::api
