// Lines of JSON to values. Everything comes from outside: each field is checked for its type
// and range, and the error names it by its path ("steps[2].service.port"). Requests are read
// strictly (a field nobody knows is refused: a slip in "service" must not become "zero all");
// in replies unknown fields pass, so that an older program can ask a newer daemon.

#include <algorithm>
#include <exception>
#include <limits>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctl/fields.h"
#include "ctl/json_text.h"
#include "ctl/messages.h"

namespace plenum::ctl {

namespace {

using Json = nlohmann::json;

// The deepest message, a change's step's service's server's tunnel, nests 7 levels.
constexpr std::size_t kMaxDepth = 16;

// Where a value stands, from the inside out; text is made only for an error.
struct Path {
  const Path* outer = nullptr;
  std::string_view name = {};  // empty: an array's item number `index`
  std::size_t index = 0;

  [[nodiscard]] std::string text() const {
    const std::string before = outer != nullptr ? outer->text() : "";
    if (name.empty() && outer != nullptr) return before + '[' + std::to_string(index) + ']';
    return before.empty() ? std::string(name) : before + '.' + std::string(name);
  }
};

// What goes wrong first, and whether unknown fields are among it.
struct Reading {
  bool strict = false;
  std::optional<std::string> error = {};
};

class Reader {
 public:
  // `path` outlives the reader.
  Reader(const Json& object, const Path& path, Reading& reading) : object_(object), path_(path), reading_(reading) {}

  template <class T>
  void operator()(std::string_view name, T& field) {
    if (const Json* found = find(name)) value(*found, path_of(name), field);
  }
  template <class T>
  void operator()(std::string_view name, std::optional<T>& field) {
    const Json* found = find(name);
    if (found == nullptr || found->is_null()) return;
    value(*found, path_of(name), field.emplace());
  }
  template <class T>
  void need(std::string_view name, T& field) {
    if (object_.find(name) == object_.end()) refuse(path_of(name), "is missing");
    (*this)(name, field);
  }
  // A key is a mark, or an address whose family `family` may repeat but not contradict.
  void check_key(conf::ServiceKey& key) {
    if (key.fwmark != 0) return;
    if (!object_.contains("address")) return refuse(path_of("address"), "is missing");
    if (!object_.contains("family")) key.family = key.address.family();
    if (key.family != key.address.family()) refuse(path_of("family"), "is not the address's");
  }
  // To be called when every field was asked for.
  void finish() {
    if (!reading_.strict || reading_.error) return;
    for (const auto& [name, ignored] : object_.items())
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) refuse(path_of(name), "is not a known field");
  }

 private:
  const Json* find(std::string_view name) {
    known_.push_back(name);
    if (reading_.error) return nullptr;
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  [[nodiscard]] Path path_of(std::string_view name) const { return {.outer = &path_, .name = name}; }
  void refuse(const Path& path, std::string_view why) {
    if (!reading_.error) reading_.error = path.text() + ' ' + std::string(why);
  }

  void value(const Json& json, const Path& path, bool& field) {
    if (!json.is_boolean()) return refuse(path, "must be true or false");
    field = json.get<bool>();
  }
  template <std::integral T>
  void value(const Json& json, const Path& path, T& field) {
    const auto low = std::numeric_limits<T>::min();
    const auto high = std::numeric_limits<T>::max();
    if (json.is_number_unsigned() && std::in_range<T>(json.get<std::uint64_t>())) {
      field = static_cast<T>(json.get<std::uint64_t>());
    } else if (json.is_number_integer() && !json.is_number_unsigned() && std::in_range<T>(json.get<std::int64_t>())) {
      field = static_cast<T>(json.get<std::int64_t>());
    } else {
      refuse(path, "must be a whole number, " + std::to_string(low) + ".." + std::to_string(high));
    }
  }
  void value(const Json& json, const Path& path, std::string& field) {
    if (!json.is_string()) return refuse(path, "must be a string");
    field = json.get_ref<const std::string&>();
  }
  void value(const Json& json, const Path& path, net::Address& field) {
    const auto parsed = json.is_string() ? net::Address::parse(json.get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return refuse(path, "must be an IP address");
    field = *parsed;
  }
  void value(const Json& json, const Path& path, net::Endpoint& field) {
    const auto parsed = json.is_string() ? net::Endpoint::parse(json.get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return refuse(path, "must be address:port");
    field = *parsed;
  }
  void value(const Json& json, const Path& path, net::Prefix& field) {
    const auto parsed = json.is_string() ? net::Prefix::parse(json.get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return refuse(path, "must be an IP address or prefix");
    field = *parsed;
  }
  template <class T>
  requires std::is_enum_v<T>
  void value(const Json& json, const Path& path, T& field) {
    std::string choices;
    for (const auto& row : names_of(field)) {
      if (json.is_string() && json.get_ref<const std::string&>() == row.name) {
        field = row.value;
        return;
      }
      choices += (choices.empty() ? "" : ", ") + std::string(row.name);
    }
    refuse(path, "must be one of " + choices);
  }
  template <class T>
  void value(const Json& json, const Path& path, std::vector<T>& field) {
    if (!json.is_array()) return refuse(path, "must be an array");
    field.clear();
    field.reserve(json.size());
    for (const auto& item : json) {
      if (reading_.error) return;
      const Path item_path{.outer = &path, .index = field.size()};
      value(item, item_path, field.emplace_back());
    }
  }
  void value(const Json& json, const Path& path, lb::Step& field) {
    if (!json.is_object()) return refuse(path, "must be an object");
    Reader reader(json, path, reading_);
    std::string name;
    reader.need("step", name);
    if (reading_.error) return;
    if (!pick(kSteps, name, field, reader)) return refuse(reader.path_of("step"), "is none that is known: " + name);
    reader.finish();
  }
  template <class T>
  requires requires(Reader& reader, T& field) { fields(reader, field); }
  void value(const Json& json, const Path& path, T& field) {
    if (!json.is_object()) return refuse(path, "must be an object");
    Reader reader(json, path, reading_);
    fields(reader, field);
    reader.finish();
  }

 public:
  // Makes `variant` the alternative whose name is `name` and reads its fields.
  template <class Variant, std::size_t N, std::size_t I = 0>
  static bool pick(const std::string_view (&names)[N], std::string_view name, Variant& variant, Reader& reader) {
    if constexpr (I < N) {
      if (names[I] != name) return pick<Variant, N, I + 1>(names, name, variant, reader);
      fields(reader, variant.template emplace<I>());
      return true;
    }
    return false;
  }

 private:
  const Json& object_;
  const Path& path_;
  Reading& reading_;
  std::vector<std::string_view> known_;
};

Result<Json> parse_object(std::string_view line) {
  if (nests_deeper(line, kMaxDepth)) return fail(std::errc::invalid_argument, "message nests too deeply");
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return fail(std::errc::invalid_argument, "message is not a JSON object");
  return json;
}

// Runs `body`, which may throw what the JSON library or memory throws.
template <class T, class Body>
Result<T> guarded(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return fail(std::errc::not_enough_memory, "message is too large to take in");
  } catch (const std::exception& error) {
    return fail(std::errc::invalid_argument, error.what());
  }
}

Result<Request> read_request(std::string_view line) {
  PLENUM_TRY(const Json json, parse_object(line), "request");
  Reading reading{.strict = true};
  const Path root;
  Reader reader(json, root, reading);
  std::string op;
  reader.need("op", op);
  Request request;
  if (!reading.error && !Reader::pick(kOps, op, request, reader))
    return fail(std::errc::invalid_argument, "request: unknown op '" + op + "'");
  reader.finish();
  if (reading.error) return fail(std::errc::invalid_argument, "request: " + *reading.error);
  return request;
}

Result<Reply> read_reply(const Request& request, std::string_view line) {
  PLENUM_TRY(const Json json, parse_object(line), "reply");
  Reading reading;
  const Path root;
  Reader reader(json, root, reading);
  bool ok = false;
  reader.need("ok", ok);
  if (!reading.error && !ok) {
    int code = 0;
    std::string text;
    reader.need("errno", code);
    reader.need("error", text);
    if (!reading.error) return tl::unexpected(Error{std::error_code(code, std::generic_category()), std::move(text)});
  }
  Reply reply;
  if (!reading.error) Reader::pick(kOps, kOps[request.index()], reply, reader);
  if (reading.error) return fail(std::errc::invalid_argument, "reply: " + *reading.error);
  return reply;
}

Result<TraceLine> read_trace_line(std::string_view line) {
  PLENUM_TRY(const Json json, parse_object(line), "trace");
  Reading reading;
  const Path root;
  Reader reader(json, root, reading);
  TraceLine out;
  fields(reader, out);
  if (reading.error) return fail(std::errc::invalid_argument, "trace: " + *reading.error);
  return out;
}

}  // namespace

Result<Request> decode_request(std::string_view line) {
  return guarded<Request>([&] { return read_request(line); });
}

Result<Reply> decode_reply(const Request& request, std::string_view line) {
  return guarded<Reply>([&] { return read_reply(request, line); });
}

Result<TraceLine> decode_trace_line(std::string_view line) {
  return guarded<TraceLine>([&] { return read_trace_line(line); });
}

}  // namespace plenum::ctl
