// truewire.v1.RouteService.
#include "api/grpc/messages.h"
#include "api/grpc/services.h"
#include "api/grpc/streams.h"
#include "truewire/v1/routes.grpc.pb.h"

#include <fmt/format.h>

namespace tw::api {

namespace {

constexpr int kMaxRequestRoutes = 10'000;  // as routes.proto says

grpc::Status invalid(const std::string& text) { return {grpc::StatusCode::INVALID_ARGUMENT, text}; }

// One table, page by page.
class RouteList final : public PullStream<v1::ListRoutesResponse> {
 public:
  RouteList(ServiceContext context, bgp::RouteQuery query) : PullStream(std::move(context)), query_(std::move(query)) {}

 private:
  void pull() override {
    context().control->list_routes(
        query_, cursor_, kBatch,
        reply_to<bgp::RoutePage>(context(), weak<RouteList>(), [](RouteList& list, bgp::RoutePage page) {
          if (!list.ended()) list.arrived(std::move(page));
        }));
  }
  void arrived(bgp::RoutePage page) {
    if (!page.status.ok()) return end(to_grpc(page.status));
    if (page.next) cursor_ = *page.next;
    if (page.routes.empty()) {  // a stretch of the table where nothing matches
      page.next ? pull() : end(grpc::Status::OK);
      return;
    }
    for (const bgp::Route& route : page.routes) fill(*response().add_routes(), route);
    write(!page.next);
  }

  const bgp::RouteQuery query_;
  std::uint32_t cursor_ = 0;
};

class RouteWatch final : public WatchStream<v1::WatchRoutesResponse, bgp::Control::RouteChanges> {
 public:
  RouteWatch(ServiceContext context, std::optional<rib::Family> family)
      : WatchStream(std::move(context)), family_(family) {}

 private:
  void open(std::function<void()> wake, bgp::Control::Reply<bgp::Control::WatchId> reply) override {
    context().control->watch_routes(family_, std::move(wake), std::move(reply));
  }
  void take(bgp::Control::WatchId id, bgp::Control::Reply<bgp::Control::RouteChanges> reply) override {
    context().control->take_route_changes(id, kBatch, std::move(reply));
  }
  bool empty(const bgp::Control::RouteChanges& taken) const override { return taken.changes.empty(); }
  bool translate(bgp::Control::RouteChanges taken) override {
    for (const bgp::RouteChange& change : taken.changes) fill(*response().add_changes(), change);
    // Told once, however often the speaker says it.
    const bool now_done = taken.initial_done && !initial_done_;
    initial_done_ = initial_done_ || taken.initial_done;
    response().set_initial_done(now_done);
    return !taken.changes.empty() || now_done;
  }

  const std::optional<rib::Family> family_;
  bool initial_done_ = false;
};

// What of a batch is well-formed goes to the speaker; the rest is answered here.
template <class Item>
struct Batch {
  std::vector<v1::RouteStatus> statuses;  // all, in the order of the request
  std::vector<Item> items;                // the well-formed ones …
  std::vector<std::size_t> places;        // … and which statuses are theirs

  void add(const std::string& prefix, Parsed<Item> parsed) {
    v1::RouteStatus& status = statuses.emplace_back();
    status.set_prefix(prefix);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
      status.set_code(v1::ROUTE_STATUS_CODE_INVALID);
      status.set_message(*wrong);
      return;
    }
    items.push_back(std::move(std::get<Item>(parsed)));
    places.push_back(statuses.size() - 1);
  }

  template <class Response>
  grpc::Status answer(const std::vector<bgp::Status>& judged, Response& response) {
    // A queue that is full answers for the whole batch at once.
    if (judged.size() != places.size()) {
      return judged.size() == 1 && !judged[0].ok()
                 ? to_grpc(judged[0])
                 : grpc::Status(grpc::StatusCode::INTERNAL,
                                fmt::format("{} routes were judged of {}", judged.size(), places.size()));
    }
    for (std::size_t i = 0; i < judged.size(); i++) fill(statuses[places[i]], judged[i]);
    for (v1::RouteStatus& status : statuses) *response.add_statuses() = std::move(status);
    return grpc::Status::OK;
  }
};

class RouteService final : public v1::RouteService::CallbackService {
 public:
  explicit RouteService(ServiceContext context) : context_(std::move(context)) {}

  grpc::ServerWriteReactor<v1::ListRoutesResponse>* ListRoutes(grpc::CallbackServerContext*,
                                                               const v1::ListRoutesRequest* request) override {
    auto query = query_from(*request);
    if (const auto* wrong = std::get_if<std::string>(&query)) {
      return new RefusedStream<v1::ListRoutesResponse>(invalid(*wrong));
    }
    return admitted(std::make_shared<RouteList>(context_, std::move(std::get<bgp::RouteQuery>(query))));
  }

  grpc::ServerWriteReactor<v1::WatchRoutesResponse>* WatchRoutes(grpc::CallbackServerContext*,
                                                                 const v1::WatchRoutesRequest* request) override {
    const auto family = family_from(request->family());
    if (const auto* wrong = std::get_if<std::string>(&family)) {
      return new RefusedStream<v1::WatchRoutesResponse>(invalid(*wrong));
    }
    return admitted(std::make_shared<RouteWatch>(context_, std::get<std::optional<rib::Family>>(family)));
  }

  grpc::ServerUnaryReactor* AddRoutes(grpc::CallbackServerContext* call, const v1::AddRoutesRequest* request,
                                      v1::AddRoutesResponse* response) override {
    if (request->routes_size() > kMaxRequestRoutes) return refuse(call, too_many(request->routes_size()));
    auto batch = std::make_shared<Batch<bgp::RouteSpec>>();
    for (const v1::RouteSpec& spec : request->routes()) batch->add(spec.prefix(), spec_from(spec));
    return judged(call, batch, response, [control = context_.control, batch](auto reply) {
      control->add_routes(std::move(batch->items), std::move(reply));
    });
  }

  grpc::ServerUnaryReactor* DeleteRoutes(grpc::CallbackServerContext* call, const v1::DeleteRoutesRequest* request,
                                         v1::DeleteRoutesResponse* response) override {
    if (request->prefixes_size() > kMaxRequestRoutes) return refuse(call, too_many(request->prefixes_size()));
    auto batch = std::make_shared<Batch<rib::Prefix>>();
    for (const std::string& prefix : request->prefixes()) batch->add(prefix, prefix_from(prefix));
    return judged(call, batch, response, [control = context_.control, batch](auto reply) {
      control->delete_routes(std::move(batch->items), std::move(reply));
    });
  }

 private:
  static grpc::Status too_many(int count) {
    return invalid(fmt::format("{} routes in one request; at most {} are taken", count, kMaxRequestRoutes));
  }

  template <class Stream>
  Stream* admitted(std::shared_ptr<Stream> stream) {
    Stream* reactor = stream.get();
    context_.calls->admit(std::move(stream));
    return reactor;
  }

  template <class Item, class Response, class Ask>
  grpc::ServerUnaryReactor* judged(grpc::CallbackServerContext* call, std::shared_ptr<Batch<Item>> batch,
                                   Response* response, Ask ask) {
    if (batch->items.empty()) return refuse(call, batch->answer({}, *response));
    return answer_with<std::vector<bgp::Status>>(
        context_, std::move(ask),
        [batch, response](std::vector<bgp::Status> statuses) { return batch->answer(statuses, *response); });
  }

  const ServiceContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_route_service(ServiceContext context) {
  return std::make_unique<RouteService>(std::move(context));
}

}  // namespace tw::api
