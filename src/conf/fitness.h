#pragma once
// Which addresses can be balanced and which be balanced to, whatever kind of file they stand in.

#include "net/address.h"

namespace plenum::conf {

// What is wrong with it ("is a multicast address"), nullptr: nothing. What the kernel takes as a real server's address
// (ip_vs_new_dest); the data plane holds to it.
const char* unfit_for_server(const net::Address& address);
const char* unfit_for_service(const net::Address& address);

}  // namespace plenum::conf
