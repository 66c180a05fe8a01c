// Runs the packet tests inside a network namespace of their own.

#include <gtest/gtest.h>

#include <memory>

#include "tests/packet/network.h"

namespace {

class InPrivateNetwork : public testing::Environment {
 public:
  void SetUp() override { network_ = std::make_unique<plenum::packet::PrivateNetwork>(); }
  void TearDown() override { network_.reset(); }

 private:
  std::unique_ptr<plenum::packet::PrivateNetwork> network_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new InPrivateNetwork);  // gtest deletes it
  return RUN_ALL_TESTS();
}
