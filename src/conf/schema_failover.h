#pragma once
// The keys of failover: of a vip's `vrrp:`, of `failover:` and of `bfd:`.

#include "conf/schema.h"

namespace plenum::conf {

const Shape& vrrp_shape();
const Shape& track_shape();
const Shape& address_options_shape();
const Shape& announce_shape();
const Shape& notify_shape();
const Shape& virtual_route_shape();
const Shape& virtual_rule_shape();
const Shape& failover_shape();
const Shape& sync_group_shape();
const Shape& tracked_script_shape();
const Shape& tracked_process_shape();
const Shape& tracked_file_shape();
const Shape& bfd_shape();

}  // namespace plenum::conf
