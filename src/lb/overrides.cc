#include "lb/overrides.h"

namespace plenum::lb {
namespace {

// Every field of `next` that differs from `base` goes into `into`.
template <class Spec, class... Field>
void take_changes(const Spec& base, const Spec& next, Spec& into, Field Spec::*... fields) {
  ((next.*fields == base.*fields ? void() : void(into.*fields = next.*fields)), ...);
}

void take_changes(const conf::Server& base, const conf::Server& next, conf::Server& into) {
  using S = conf::Server;
  take_changes(base, next, into, &S::name, &S::forward, &S::weight, &S::upper, &S::lower, &S::tunnel);
}

void take_changes(const conf::Service& base, const conf::Service& next, conf::Service& into) {
  using S = conf::Service;
  take_changes(base, next, into, &S::name, &S::scheduler, &S::scheduler_flags, &S::persistence, &S::one_packet,
               &S::drain);
}

template <class Spec>
void file(Governed<Spec>& governed, Spec next) {
  if (governed.added || !governed.override_) {
    governed = {std::move(next), std::nullopt, std::nullopt};
    return;
  }
  auto& before = governed.override_->before;
  take_changes(before, next, governed.spec);
  before = std::move(next);
  if (governed.spec == before) governed.override_.reset();
}

template <class Spec>
void operators_word(Governed<Spec>& governed, Spec next, const Origin& by, std::string what,
                    std::optional<TimePoint> expires) {
  auto before = governed.override_ ? std::move(governed.override_->before) : governed.spec;
  governed.spec = std::move(next);
  governed.override_.reset();
  if (governed.spec == before) return;
  governed.override_ = {std::move(what), by.author, by.reason, expires, std::move(before)};
}

}  // namespace

void file_says(Governed<conf::Server>& governed, conf::Server next) { file(governed, std::move(next)); }
void file_says(Governed<conf::Service>& governed, conf::Service next) { file(governed, std::move(next)); }

void operator_says(Governed<conf::Server>& governed, conf::Server next, const Origin& by, std::string what,
                   std::optional<TimePoint> expires) {
  operators_word(governed, std::move(next), by, std::move(what), expires);
}
void operator_says(Governed<conf::Service>& governed, conf::Service next, const Origin& by, std::string what,
                   std::optional<TimePoint> expires) {
  operators_word(governed, std::move(next), by, std::move(what), expires);
}

}  // namespace plenum::lb
