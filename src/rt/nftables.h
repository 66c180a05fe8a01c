#pragma once
// Nftables over netlink: carries out a batch, and hears when somebody else changes a table. Both for the
// network namespace that the calling thread is in when they are opened.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "rt/loop.h"
#include "rt/nft_batch.h"

namespace plenum::rt {

class Nftables {
 public:
  static Result<Nftables> open();

  // All of it or nothing. The first refusal is the error; EOPNOTSUPP, ENOENT: the kernel lacks a part.
  Result<> commit(const NftBatch& batch);
  // What notifications of commit()'s own changes bear.
  [[nodiscard]] std::uint32_t port() const { return port_; }

 private:
  Nftables(Fd fd, std::uint32_t port) : fd_(std::move(fd)), port_(port) {}

  Fd fd_;
  std::uint32_t port_ = 0, sequence_ = 0;
};

class NftMonitor {
 public:
  // `on_change` is told of changes below tables of this name in any family that another socket than `port`
  // made, and when notifications were lost. It may not destroy the monitor.
  static Result<std::unique_ptr<NftMonitor>> open(Loop& loop, std::string table, std::uint32_t port,
                                                  std::function<void()> on_change);

 private:
  NftMonitor(Fd fd, std::string table, std::uint32_t port, std::function<void()> on_change);
  void on_readable();

  Fd fd_;
  std::string table_;
  std::uint32_t port_;
  std::function<void()> on_change_;
  Watch watch_;
};

}  // namespace plenum::rt
