// Lines of JSON to values. Everything comes from outside: each field is checked for its type
// and range, and the error names it by its path ("steps[2].service.port"). Requests are read
// strictly (a field nobody knows is refused: a slip in "service" must not become "zero all");
// in replies unknown fields pass, so that an older program can ask a newer daemon.

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "ctl/fields.h"
#include "ctl/messages.h"

namespace plenum::ctl {

namespace {

// The deepest message, a change's step's service's server's tunnel, nests 7 levels.
constexpr std::uint32_t kMaxDepth = 16;

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

// One value of a message.
struct Value {
  const Json& json;
  std::uint32_t index;

  [[nodiscard]] Json::Kind kind() const { return json[index].kind; }
};

class Reader {
 public:
  // `path` outlives the reader.
  Reader(const Value& object, const Path& path, Reading& reading)
      : json_(object.json), object_(object.index), next_(object.index + 1), path_(path), reading_(reading) {}

  template <class T>
  void operator()(std::string_view name, T& field) {
    if (const auto found = find(name)) value({json_, *found}, path_of(name), field);
  }
  template <class T>
  void operator()(std::string_view name, std::optional<T>& field) {
    const auto found = find(name);
    if (!found || json_[*found].kind == Json::Kind::Null) return;
    value({json_, *found}, path_of(name), field.emplace());
  }
  template <class T>
  void need(std::string_view name, T& field) {
    const auto found = find(name);
    if (!found) return refuse(path_of(name), "is missing");
    value({json_, *found}, path_of(name), field);
  }
  // A key is a mark, or an address whose family `family` may repeat but not contradict.
  void check_key(conf::ServiceKey& key) {
    if (key.fwmark != 0) return;
    if (!member("address")) return refuse(path_of("address"), "is missing");
    if (!member("family")) key.family = key.address.family();
    if (key.family != key.address.family()) refuse(path_of("family"), "is not the address's");
  }
  // To be called when every field was asked for.
  void finish() {
    if (!reading_.strict || reading_.error) return;
    for (auto name = object_ + 1; name != json_[object_].next; name = json_[name + 1].next) {
      const auto is = [&](std::string_view known) { return json_.is_string(name, known); };
      const auto known = std::find_if(known_.begin(), known_.end(), is);
      // Asked for once; whoever stands there twice, or is none of these, is not meant.
      if (known == known_.end()) return refuse(path_of(json_.raw(name)), "is not a known field");
      known_.erase(known);
    }
  }

 private:
  // The member's value. Writers and readers go over the fields in one order, so it mostly is the next.
  [[nodiscard]] std::optional<std::uint32_t> member(std::string_view name) {
    const auto end = json_[object_].next;
    if (next_ != end && json_.is_string(next_, name)) {
      const auto found = next_ + 1;
      next_ = json_[found].next;
      return found;
    }
    for (auto at = object_ + 1; at != end; at = json_[at + 1].next)
      if (json_.is_string(at, name)) return at + 1;
    return std::nullopt;
  }
  std::optional<std::uint32_t> find(std::string_view name) {
    if (reading_.strict && std::find(known_.begin(), known_.end(), name) == known_.end()) known_.push_back(name);
    if (reading_.error) return std::nullopt;
    return member(name);
  }
  [[nodiscard]] Path path_of(std::string_view name) const { return {.outer = &path_, .name = name}; }
  void refuse(const Path& path, std::string_view why) {
    if (!reading_.error) reading_.error = path.text() + ' ' + std::string(why);
  }

  void value(const Value& from, const Path& path, bool& field) {
    if (from.kind() != Json::Kind::True && from.kind() != Json::Kind::False)
      return refuse(path, "must be true or false");
    field = from.kind() == Json::Kind::True;
  }
  template <std::integral T>
  void value(const Value& from, const Path& path, T& field) {
    const auto text = from.json.raw(from.index);
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (from.kind() == Json::Kind::Number && error == std::errc{} && end == text.data() + text.size()) {
      field = number;
    } else {
      refuse(path, "must be a whole number, " + std::to_string(std::numeric_limits<T>::min()) + ".." +
                       std::to_string(std::numeric_limits<T>::max()));
    }
  }
  void value(const Value& from, const Path& path, std::string& field) {
    if (from.kind() != Json::Kind::String) return refuse(path, "must be a string");
    field = from.json.string(from.index);
  }
  void value(const Value& from, const Path& path, net::Address& field) {
    const auto parsed =
        from.kind() == Json::Kind::String ? net::Address::parse(from.json.string(from.index)) : std::nullopt;
    if (!parsed) return refuse(path, "must be an IP address");
    field = *parsed;
  }
  void value(const Value& from, const Path& path, net::Endpoint& field) {
    const auto parsed =
        from.kind() == Json::Kind::String ? net::Endpoint::parse(from.json.string(from.index)) : std::nullopt;
    if (!parsed) return refuse(path, "must be address:port");
    field = *parsed;
  }
  void value(const Value& from, const Path& path, net::Prefix& field) {
    const auto parsed =
        from.kind() == Json::Kind::String ? net::Prefix::parse(from.json.string(from.index)) : std::nullopt;
    if (!parsed) return refuse(path, "must be an IP address or prefix");
    field = *parsed;
  }
  template <class T>
  requires std::is_enum_v<T>
  void value(const Value& from, const Path& path, T& field) {
    for (const auto& row : names_of(field)) {
      if (!from.json.is_string(from.index, row.name)) continue;
      field = row.value;
      return;
    }
    std::string choices;
    for (const auto& row : names_of(field)) choices += (choices.empty() ? "" : ", ") + std::string(row.name);
    refuse(path, "must be one of " + choices);
  }
  template <class T>
  void value(const Value& from, const Path& path, std::vector<T>& field) {
    if (from.kind() != Json::Kind::Array) return refuse(path, "must be an array");
    field.clear();
    const auto end = from.json[from.index].next;
    for (auto item = from.index + 1; item != end && !reading_.error; item = from.json[item].next) {
      const Path item_path{.outer = &path, .index = field.size()};
      value({from.json, item}, item_path, field.emplace_back());
    }
  }
  void value(const Value& from, const Path& path, lb::Step& field) {
    if (from.kind() != Json::Kind::Object) return refuse(path, "must be an object");
    Reader reader(from, path, reading_);
    std::string name;
    reader.need("step", name);
    if (reading_.error) return;
    if (!pick(kSteps, name, field, reader)) return refuse(reader.path_of("step"), "is none that is known: " + name);
    reader.finish();
  }
  template <class T>
  requires requires(Reader& reader, T& field) { fields(reader, field); }
  void value(const Value& from, const Path& path, T& field) {
    if (from.kind() != Json::Kind::Object) return refuse(path, "must be an object");
    Reader reader(from, path, reading_);
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
  const Json& json_;
  std::uint32_t object_;
  std::uint32_t next_;  // the name behind the member found last
  const Path& path_;
  Reading& reading_;
  std::vector<std::string_view> known_;
};

Result<Json> parse_object(std::string_view line) {
  auto json = Json::parse(line, kMaxDepth);
  if (!json) return fail(std::errc::invalid_argument, "message " + json.error().what);
  if ((*json)[0].kind != Json::Kind::Object) return fail(std::errc::invalid_argument, "message is not a JSON object");
  return json;
}

// Runs `body`, which may throw what memory throws.
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
  Reader reader({json, 0}, root, reading);
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
  Reader reader({json, 0}, root, reading);
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
  Reader reader({json, 0}, root, reading);
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
