#pragma once
// Which of a program's maps other programs and daemons share, and under what name.

#include <string>

struct bpf_map;

namespace plenum::lb {

// The map's name in the directory of maps: "pl_...", as in bpf/maps.h; that of an array which is a
// variable of the program (PL_FIXED) is its section's less ".data.". Empty: the program's own.
std::string shared_map_name(const bpf_map* map);

}  // namespace plenum::lb
