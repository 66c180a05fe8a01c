#pragma once
// What begins and ends the outermost blocks, each in the file of its block.

#include "conf/keepalived/keyword.h"

namespace plenum::conf::keepalived {

void begin_script(Context& c);
void end_script(Context& c);
void begin_process(Context& c);
void end_process(Context& c);
void begin_file(Context& c);
void end_file(Context& c);
void begin_bfd(Context& c);
void end_bfd(Context& c);
void begin_sync_group(Context& c);
void end_sync_group(Context& c);
void begin_garp_group(Context& c);
void end_garp_group(Context& c);
void begin_instance(Context& c);
void end_instance(Context& c);
void begin_server_group(Context& c);
void server_group_item(Context& c);
void end_server_group(Context& c);
void begin_virtual_server(Context& c);
void end_virtual_server(Context& c);

}  // namespace plenum::conf::keepalived
