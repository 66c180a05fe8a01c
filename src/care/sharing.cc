#include "care/sharing.h"

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace plenum::care {

namespace {

struct Member {
  Ward* ward;
  Checked* check;
};

// What is asked once.
struct Question {
  std::vector<Member> members;
  std::string id;
  Checked* known = nullptr;  // the one the others take over from
};

// What they began with aside: whoever joins takes that over, too. It is lent to `a` for the while, as copies of checks
// are costly.
bool asks_same(Checked& a, Checked& b) {
  if (a.target.asked() != b.target.asked() || a.target.damping != b.target.damping) return false;
  const bool own = std::exchange(a.target.check.initially_down, b.target.check.initially_down);
  const bool same = a.target.check == b.target.check;
  a.target.check.initially_down = own;
  return same;
}

std::vector<Question> questions_of(const std::vector<Ward*>& wards) {
  std::vector<Question> out;
  std::unordered_map<std::string, std::vector<std::size_t>> alike;
  for (auto* ward : wards) {
    for (auto* check : ward->checks()) {
      const auto& target = check->target;
      std::size_t at = out.size();
      if (!target.path) {
        auto& places =
            alike[ward->group() + '\n' + target.asked().text() + '\n' + std::to_string(target.check.probe.index())];
        // One service asks for itself as often as its file says: its second check of a kind is others' second.
        for (const auto place : places) {
          auto& members = out[place].members;
          if (members.back().ward == ward || !asks_same(*members.front().check, *check)) continue;
          at = place;
          break;
        }
        if (at == out.size()) places.push_back(at);
      }
      if (at == out.size()) out.emplace_back();
      out[at].members.push_back({ward, check});
    }
  }
  return out;
}

// Series that go on, first those that nobody changed: where a group falls apart it is theirs.
void go_on(std::vector<Question>& questions, std::unordered_set<std::string>& taken) {
  for (const bool changed : {false, true})
    for (auto& question : questions) {
      if (!question.id.empty()) continue;
      for (const auto& [ward, check] : question.members) {
        if (check->fresh || check->changed != changed || !taken.insert(check->target.id).second) continue;
        question.id = check->target.id;
        question.known = check;
        break;
      }
    }
}

// Series that begin. Of what was known some know more than others: one that ran, else one that was down before a
// restart.
void begin(Question& question, std::unordered_set<std::string>& taken) {
  auto& known = question.known;
  for (const auto& [ward, check] : question.members)
    if (known == nullptr || (known->fresh && (!check->fresh || (check->down && !known->down)))) known = check;
  if (!known->fresh) {
    // One of a series that goes on with others' question. The checker begins where it stands, without what damped it.
    known->target.check.initially_down = known->down;
    known->target.known_well = !known->down;
    known->damped = known->well = false;
  }
  const auto& [ward, first] = question.members.front();
  question.id = first->target.id;
  bool free = first->fresh && taken.insert(question.id).second;
  for (std::size_t n = 0; !free; ++n) {
    question.id = ward->id_of(first->target.server, n);
    free = taken.insert(question.id).second;
  }
}

void take_over(Checked& check, const Checked& known) {
  check.down = known.down;
  check.damped = known.damped;
  check.well = known.well;
  check.why = known.why;
  check.weight = known.weight;
  check.since = known.since;
  check.target.check.initially_down = known.target.check.initially_down;
  check.target.known_well = known.target.known_well;
}

// A service that joins others in all that they are begins where they stand.
void join(const std::vector<Ward*>& wards) {
  std::unordered_map<std::string, std::vector<const Ward*>> there;
  for (const auto* ward : wards)
    if (!ward->begins()) there[ward->group()].push_back(ward);
  for (auto* ward : wards) {
    if (!ward->begins()) continue;
    const auto others = there.find(ward->group());
    if (others == there.end()) continue;
    for (const auto* other : others->second)
      if (ward->begin_like(*other)) break;
  }
}

}  // namespace

void share(const std::vector<Ward*>& wards, const std::vector<health::Target>& asked) {
  auto questions = questions_of(wards);
  std::unordered_set<std::string> taken;
  go_on(questions, taken);
  for (const auto& target : asked) taken.insert(target.id);
  for (auto& question : questions)
    if (question.id.empty()) begin(question, taken);
  for (const auto& [members, id, known] : questions)
    for (const auto& [ward, check] : members) {
      if (check != known && (check->fresh || check->target.id != id)) take_over(*check, *known);
      check->target.id = id;
    }
  for (const auto& [members, id, known] : questions)
    for (const auto& [ward, check] : members) check->fresh = check->changed = false;
  for (auto* ward : wards) ward->know_ids();
  join(wards);
}

}  // namespace plenum::care
