// The number in a file.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <optional>

#include "base/fd.h"
#include "health/connect.h"
#include "health/errands.h"
#include "health/probe.h"
#include "health/surroundings.h"

namespace plenum::health {

namespace {

// As keepalived reads it: whatever is not there, cannot be read or is no number counts as 0. Of none: a number that no
// weight can be, which leaves everything as it was.
std::optional<std::int64_t> number_in(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  std::array<char, 128> block{};
  if (::read(fd.get(), block.data(), block.size() - 1) <= 0) return 0;
  errno = 0;
  const std::int64_t number = std::strtoll(block.data(), nullptr, 0);
  using Limits = std::numeric_limits<std::int32_t>;
  if (errno == ERANGE || number < Limits::min() || number > Limits::max()) return std::nullopt;
  return number;
}

class NumberInFile final : public Probe {
 public:
  NumberInFile(const Target& target, Surroundings& around, OnEnd on_end)
      : Probe(std::move(on_end)),
        probe_(std::get<conf::FileProbe>(target.check.probe)),
        target_(target),
        around_(around) {}

  void begin() override {
    around_.errands.run(
        "read " + probe_.path,
        [path = probe_.path]() -> std::shared_ptr<void> {
          return std::make_shared<std::optional<std::int64_t>>(number_in(path));
        },
        [this, alive = std::weak_ptr(alive_)](const std::shared_ptr<void>& result) {
          if (!alive.expired()) end(judge(*std::static_pointer_cast<std::optional<std::int64_t>>(result)));
        });
  }
  // Of the server that says nothing.
  Outcome timed_out() override {
    return Outcome::hindered(fmt::format("{}: {}", probe_.path, late_text("not read", target_)));
  }

 private:
  [[nodiscard]] Outcome judge(std::optional<std::int64_t> number) const {
    if (!number) return Outcome::hindered(probe_.path + ": a number out of range");
    if (probe_.factor == 0) {
      if ((*number != 0) == probe_.reverse) return Outcome::passed();
      return Outcome::failed(fmt::format("{} says {}", probe_.path, *number));
    }
    using Limits = std::numeric_limits<std::int32_t>;
    const auto weight =
        std::clamp<std::int64_t>(*number * probe_.factor * (probe_.reverse ? -1 : 1), Limits::min(), Limits::max());
    // The least there is takes the server out instead of leaving it at weight 0.
    if (weight <= -Limits::max()) return Outcome::failed(fmt::format("{} says {}", probe_.path, *number));
    return Outcome::passed({WeightWord::Kind::Add, static_cast<std::int32_t>(weight)});
  }

  const conf::FileProbe& probe_;
  const Target& target_;
  Surroundings& around_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

std::unique_ptr<Probe> make_file_probe(const Target& target, Surroundings& around, Probe::OnEnd on_end) {
  return std::make_unique<NumberInFile>(target, around, std::move(on_end));
}

}  // namespace plenum::health
