#pragma once
// Seeds of the packet path's fuzzers: histories as director_fuzz.cc reads them, made of frames, and
// who is who in its world (native/director_services.cc). Written by packet_seeds.

#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/fuzz/records.h"
#include "tests/packet/frame.h"

namespace plenum::seeds {

using native::What;
using enum native::What;
using packet::Bytes;
using packet::Frame;
using packet::View;

// Choices of settings: enum pl_tuning of bpf/abi.h, and DirectorWorld::Choice.
enum Tune : std::uint32_t {
  kScheduleIcmp = 1 << 10,
  kNatIcmpSend = 1 << 11,
  kAllTuning = 0x1ff4,
  kSync = 1 << 13,
  kMarks = 1 << 14,
  kSyncPeriod = 1 << 15,
  kDropSecond = 2 << 16,
  kNoKeeper = 1 << 18,
  kTraced = 1 << 19,
  kNoXmit = 1 << 20,
  kFullRings = 1 << 21,
  kIgnoreDf = 1 << 22,
  kSyncTime = 1 << 23,
};

extern const net::Mac kDirector, kClient;

net::Address ip(const char* text);
Bytes text(const std::string& from);
void write(const std::filesystem::path& path, const Bytes& bytes);

// One more record of a history.
void record(Bytes& history, What what, std::uint8_t how, View bytes = {});
void tune(Bytes& history, std::uint32_t choice);

// The first packet of a flow, to the first virtual address.
Frame request(bool v6, std::uint8_t protocol, std::uint16_t sport, std::uint16_t dport = 80);

// The virtual addresses: of single ports, of every port, of marks, of every port without persistence.
net::Address vip(bool v6, int which);
net::Address client(bool v6, int host);
// The first server, less one, of the trio of DirectorWorld::add_persistent_services() that comes so far.
std::uint8_t trio(bool v6, int which);

// Seeds of one family, each a file of this directory: flows of every method, fragments, crowds;
// services of every kind; what netfilter marked; tunnels taken off.
void write_flows(const std::filesystem::path& to, bool v6);
void write_services(const std::filesystem::path& to, bool v6);
void write_marked(const std::filesystem::path& to, bool v6);
void write_tunnels(const std::filesystem::path& to);

}  // namespace plenum::seeds
