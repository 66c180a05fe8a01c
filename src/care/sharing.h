#pragma once
// Which checks of services of one group are one series: those that ask the same. Pure.

#include <vector>

#include "care/ward.h"
#include "health/target.h"

namespace plenum::care {

// Call when wards came or changed, before they settle; `wards` are all there are. What is asked alike in a group has
// one id from then on, and a check that joins others takes over what they know. No series that goes on begins anew, and
// none goes on with another question. A check by way of the virtual address is each service's own. `asked`: what the
// checker asks by now, whose ids mean that to it.
void share(const std::vector<Ward*>& wards, const std::vector<health::Target>& asked);

}  // namespace plenum::care
