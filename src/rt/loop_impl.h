#pragma once
// The engine behind Loop. Only for .cc files of this room, so that nobody else's compile
// pays for Boost.Asio.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <set>

#include "rt/loop.h"

namespace plenum::rt {

struct Loop::Impl {
  boost::asio::io_context io{1};  // one thread runs it
  std::set<std::shared_ptr<void>> kept;
  // run() goes on though nothing is watched: work may still be posted.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = boost::asio::make_work_guard(io);
};

}  // namespace plenum::rt
