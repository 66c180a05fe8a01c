// Values to lines of JSON. Written straight into one string, without a tree in between: a
// listing of ten thousand servers is asked for every second by people who watch it.

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <vector>

#include "base/json_text.h"
#include "ctl/fields.h"
#include "ctl/messages.h"

namespace plenum::ctl {

namespace {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <class T>
  void operator()(std::string_view name, const T& field) {
    key(name);
    value(field);
  }
  // An absent optional field is left out.
  template <class T>
  void operator()(std::string_view name, const std::optional<T>& field) {
    if (field) (*this)(name, *field);
  }
  template <class T>
  void need(std::string_view name, const T& field) {
    (*this)(name, field);
  }
  void check_key(const conf::ServiceKey&) {}

 private:
  void key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += name;  // field names need no escaping
    out_ += "\":";
  }

  void value(bool field) { out_ += field ? "true" : "false"; }
  template <std::integral T>
  void value(T field) {
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof(digits), field).ptr);
  }
  void value(const std::string& field) { append_quoted(out_, field); }
  void value(const net::Address& field) { append_quoted(out_, field.text()); }
  void value(const net::Endpoint& field) { append_quoted(out_, field.text()); }
  void value(const net::Prefix& field) { append_quoted(out_, field.text()); }
  template <class T>
  requires std::is_enum_v<T>
  void value(T field) {
    std::string_view name = "?";
    for (const auto& row : names_of(field))
      if (row.value == field) name = row.name;
    append_quoted(out_, name);
  }
  template <class T>
  void value(const std::vector<T>& field) {
    out_ += '[';
    bool first = true;
    for (const auto& item : field) {
      if (!first) out_ += ',';
      first = false;
      value(item);
    }
    out_ += ']';
  }
  void value(const lb::Step& step) {
    out_ += '{';
    (*this)("step", std::string(kSteps[step.index()]));
    std::visit([this](const auto& alternative) { fields(*this, alternative); }, step);
    out_ += '}';
  }
  template <class T>
  requires requires(Writer& writer, const T& field) { fields(writer, field); }
  void value(const T& field) {
    out_ += '{';
    fields(*this, field);
    out_ += '}';
  }

  std::string& out_;
};

}  // namespace

int errno_of(const std::error_code& code) {
  const bool is_errno = code.category() == std::generic_category() || code.category() == std::system_category();
  return is_errno && code ? code.value() : EIO;
}

std::string encode(const Request& request) {
  std::string line = "{";
  Writer writer(line);
  writer("op", std::string(kOps[request.index()]));
  std::visit([&](const auto& alternative) { fields(writer, alternative); }, request);
  line += '}';
  return line;
}

std::string encode(const TraceLine& trace) {
  std::string line = "{";
  Writer writer(line);
  fields(writer, trace);
  line += '}';
  return line;
}

std::string encode(const Result<Reply>& reply) {
  std::string line = "{";
  Writer writer(line);
  writer("ok", reply.has_value());
  if (reply) {
    std::visit([&](const auto& alternative) { fields(writer, alternative); }, *reply);
  } else {
    writer("errno", errno_of(reply.error().code));
    writer("error", reply.error().what);
  }
  line += '}';
  return line;
}

}  // namespace plenum::ctl
